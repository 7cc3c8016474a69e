package hcl

import (
	"sync"

	"github.com/hashicorp/hcl/v2"
)

// A kind is what an attribute takes; decodeKind (kinds.go) checks a value against it.
type kind int

const (
	kindText       kind = iota // string
	kindPath                   // string, absolute; under a late scope *lateText, as rendered
	kindBool                   // bool
	kindCount                  // int64, at least attribute.least
	kindDuration               // time.Duration, more than zero
	kindSize                   // int64 bytes
	kindKeep                   // engine.Keep
	kindShare                  // float64, written "30%"
	kindTexts                  // []string
	kindGlobs                  // []string
	kindTextMap                // map[string]*lateText
	kindConnection             // *connectionRef
	kindAddress                // engine.Address, static
	kindAddresses              // []engine.Address, static
	kindByte                   // byte, 0 for an empty text
	kindRegexp                 // *regexp.Regexp
	kindGUID                   // string
	kindURL                    // string
	kindProxy                  // string
	kindCron                   // string
	kindEmail                  // string
	kindZone                   // *time.Location
	kindSecret                 // engine.Secret
	kindBound                  // cty.Value, a text or a number
	kindFieldText              // *lateField, as the three that follow
	kindFieldNumber
	kindFieldBool
	kindFieldObject
	kindCondition // hcl.Expression, evaluated by whoever asks
	kindMessage   // hcl.Expression
	kindForEach   // handled before the block is decoded
	kindTypeWord  // of the reference alone, as the next
	kindAny
)

// A scope is the set of names that exist only while work is done: run, file, row and so on.
type scope int

const (
	scopeRun scope = 1 << iota
	scopeFile
	scopeRow
	scopeRows
	scopeOrder
)

type attribute struct {
	name     string
	kind     kind
	required bool
	late     scope
	values   []string // what an enumerated text takes; the first is the default
	least    int64    // the least count
}

type blockSpec struct {
	name   string
	labels []string // names of the labels
	repeat bool     // whether it may stand more than once
	silent bool     // whether its attributes are no part of the definition
	attrs  []attribute
	blocks []*blockSpec

	once   sync.Once
	schema *hcl.BodySchema
	byName map[string]*attribute
}

// body is the spec as the HCL library wants it, made once.
func (b *blockSpec) body() *hcl.BodySchema {
	b.once.Do(func() {
		b.schema = &hcl.BodySchema{}
		b.byName = make(map[string]*attribute, len(b.attrs))
		for i := range b.attrs {
			b.byName[b.attrs[i].name] = &b.attrs[i]
			b.schema.Attributes = append(b.schema.Attributes, hcl.AttributeSchema{Name: b.attrs[i].name})
		}
		for _, inner := range b.blocks {
			b.schema.Blocks = append(b.schema.Blocks, hcl.BlockHeaderSchema{Type: inner.name, LabelNames: inner.labels})
		}
	})
	return b.schema
}

func text(name string) attribute          { return attribute{name: name, kind: kindText} }
func required(a attribute) attribute      { a.required = true; return a }
func late(s scope, a attribute) attribute { a.late = s; return a }
func of(k kind, name string) attribute    { return attribute{name: name, kind: k} }
func count(name string, least int64) attribute {
	return attribute{name: name, kind: kindCount, least: least}
}

func oneOf(name string, values ...string) attribute {
	return attribute{name: name, kind: kindText, values: values}
}

func block(name string, parts ...any) *blockSpec {
	b := &blockSpec{name: name}
	for _, p := range parts {
		switch p := p.(type) {
		case attribute:
			b.attrs = append(b.attrs, p)
		case []attribute:
			b.attrs = append(b.attrs, p...)
		case *blockSpec:
			b.blocks = append(b.blocks, p)
		}
	}
	return b
}

func labelled(b *blockSpec, labels ...string) *blockSpec {
	b.labels, b.repeat = labels, true
	return b
}

func repeated(b *blockSpec) *blockSpec { b.repeat = true; return b }

// rootSpec is what may stand at the top of a file.
var rootSpec = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "dropform"},
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "locals"},
	{Type: "connection", LabelNames: []string{"kind", "name"}},
	{Type: "import", LabelNames: []string{"name"}},
	{Type: "export", LabelNames: []string{"name"}},
	{Type: "rule", LabelNames: []string{"kind", "name"}},
	{Type: "moved"},
}}

var dropformSpec = block("dropform",
	text("required_version"), of(kindZone, "timezone"), oneOf("language", "en", "de"),
	labelled(block("ledger", of(kindPath, "path")), "type"))

var movedSpec = block("moved", required(of(kindAddress, "from")), required(of(kindAddress, "to")))

// everywhere is what import, export and rule have in common.
func everywhere() []any {
	condition := repeated(block("precondition", required(of(kindCondition, "condition")), required(of(kindMessage, "error_message"))))
	condition.silent = true
	return []any{text("description"), of(kindForEach, "for_each"), of(kindAddresses, "depends_on"), condition}
}

func spec(name string, parts ...any) *blockSpec {
	return block(name, append(parts, everywhere()...)...)
}

func tlsSpec() *blockSpec {
	return block("tls", of(kindPath, "ca_file"), of(kindPath, "client_cert"), of(kindPath, "client_key"))
}

func retrySpec() *blockSpec {
	return block("retry", count("attempts", 1), of(kindDuration, "first"), of(kindDuration, "longest"))
}

// connectionSpecs by kind (LANGUAGE.md, connection).
var connectionSpecs = map[string]*blockSpec{
	"perbit": block("connection",
		text("description"), of(kindForEach, "for_each"),
		of(kindURL, "url"), required(of(kindGUID, "customer_id")),
		required(text("username")), required(of(kindSecret, "password")),
		oneOf("auth", "login", "every_call"), oneOf("credential_charset", "utf-8", "windows-1252"),
		oneOf("parameters", "auto", "header", "url"), count("parallel", 1),
		of(kindDuration, "timeout"), of(kindDuration, "max_wait"), of(kindSize, "max_upload"), of(kindProxy, "proxy"),
		block("progress", of(kindDuration, "first"), of(kindDuration, "longest")), retrySpec(), tlsSpec()),
	"conbox": block("connection",
		text("description"), of(kindForEach, "for_each"),
		required(of(kindURL, "url")), oneOf("auth", "auto", "basic", "digest", "none"),
		text("username"), of(kindSecret, "password"), required(text("user_code")), of(kindSecret, "user_api_key"),
		text("language"), text("service"), of(kindDuration, "timeout"), text("rate"), of(kindProxy, "proxy"),
		retrySpec(), tlsSpec()),
}

func archiveSpec() *blockSpec {
	return block("archive", required(late(scopeFile, of(kindPath, "folder"))),
		late(scopeFile, of(kindPath, "failed_folder")), of(kindKeep, "keep"))
}

// importSpec is LANGUAGE.md, import.
var importSpec = spec("import",
	required(of(kindConnection, "connection")), required(of(kindPath, "folder")),
	required(text("object")), required(text("method")),
	of(kindGlobs, "match"), of(kindGlobs, "ignore"), of(kindEmail, "email"),
	oneOf("order", "name", "modified", "any"), oneOf("on_error", "skip", "stop"),
	of(kindSize, "min_size"), of(kindDuration, "settle"), late(scopeFile, of(kindPath, "ready_file")),
	of(kindDuration, "poll"), oneOf("duplicates", "skip", "import"), oneOf("on_unknown", "hold", "retry"),
	of(kindBool, "wait_for_result"), csvSpec(), archiveSpec(),
	block("protocol", late(scopeFile, of(kindPath, "path")), of(kindRegexp, "failed"), of(kindRegexp, "warn"),
		oneOf("encoding", encodings...)))

var encodings = []string{"auto", "utf-8", "windows-1252", "iso-8859-1", "iso-8859-15", "utf-16le"}

// csvSpec is LANGUAGE.md, csv.
func csvSpec() *blockSpec {
	levels := []string{"error", "warn", "allow"}
	return block("csv",
		of(kindByte, "delimiter"), of(kindByte, "quote"), oneOf("encoding", encodings...),
		oneOf("send_encoding", encodings[1:]...), of(kindBool, "header"), count("header_row", 1), count("skip_footer", 0),
		oneOf("columns", "exact", "at_least", "any"), count("min_rows", 0), count("max_rows", 1),
		of(kindSize, "max_size"), of(kindSize, "max_record"), count("max_errors", 1), of(kindShare, "max_shrink"),
		of(kindBool, "unique_rows"), oneOf("blank_rows", "error", "skip"), oneOf("excel_damage", levels...),
		oneOf("mojibake", levels...), oneOf("file_references", "warn", "error", "allow"),
		labelled(block("column",
			oneOf("type", "text", "integer", "decimal", "date", "time", "boolean", "email", "iban"),
			of(kindBool, "required"), of(kindBool, "unique"), of(kindRegexp, "pattern"), of(kindTexts, "one_of"),
			of(kindBound, "min"), of(kindBound, "max"), count("min_length", 0), count("max_length", 1), text("format"),
			of(kindByte, "decimal"), of(kindByte, "group"), count("scale", 0), of(kindBool, "sensitive"),
			of(kindBool, "optional"),
			block("in_file", required(of(kindPath, "path")), required(text("column")))), "name"),
		repeated(block("key", required(of(kindTexts, "columns")))),
		labelled(block("check", required(late(scopeRow, of(kindCondition, "condition"))),
			required(late(scopeRow, of(kindMessage, "error_message")))), "name"))
}

// exportSpec is LANGUAGE.md, export.
var exportSpec = spec("export",
	required(of(kindConnection, "connection")), required(text("object")), required(text("method")),
	late(scopeRun, of(kindTextMap, "variables")), oneOf("variables_style", "json", "single_quotes"),
	of(kindBool, "wait_for_result"),
	block("schedule", of(kindCron, "cron"), of(kindDuration, "every"), of(kindZone, "timezone"),
		oneOf("missed", "once", "skip", "all"), of(kindDuration, "window")),
	block("target", required(late(scopeRun, of(kindPath, "path"))), oneOf("source_encoding", encodings...),
		oneOf("encoding", encodings[1:]...), of(kindBool, "bom"), oneOf("newline", "lf", "crlf"),
		oneOf("if_exists", "replace", "fail", "keep_both"), oneOf("if_unchanged", "skip", "write"),
		late(scopeRun, of(kindPath, "done_file")), oneOf("checksum", "sha256"), of(kindKeep, "keep"), text("unmappable")),
	block("fixed", labelled(block("field", required(count("start", 1)), required(count("length", 1))), "name")),
	csvSpec(),
	block("expect", count("min_rows", 0), of(kindSize, "min_size"), of(kindTexts, "columns"), of(kindShare, "max_shrink")))
