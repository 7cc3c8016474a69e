package csvschema

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

type kind uint8

const (
	kindText kind = iota
	kindInteger
	kindDecimal
	kindDate
	kindTime
	kindBoolean
	kindEmail
	kindIBAN
)

var kinds = map[string]kind{
	"": kindText, "text": kindText, "integer": kindInteger, "decimal": kindDecimal, "date": kindDate, "time": kindTime,
	"boolean": kindBoolean, "email": kindEmail, "iban": kindIBAN,
}

// plan is a schema made ready to be held against cells. It does not change while a file is read.
type plan struct {
	*Schema
	declared []*column
	// What the header, or its absence, decided:
	columns []*column // by position in the file
	width   int
	sets    []set
	names   []string
	secret  bool // some column is sensitive
	astray  bool // and one of those is not in the header
	bare    bool // no cell is looked at, except for its encoding

	wholeRows bool // something is asked of rows as a whole
	send      *sendable
	rows      *rowTaker // nil: nobody takes the rows
}

// column is one column in its place. Columns that are not declared are text without constraints.
type column struct {
	Column
	kind        kind
	position    int // in the file, from 0
	decimal     byte
	group       byte
	dates       []*dateFormat // the first that fits counts; more than one only for time without a format
	low, high   *bound
	reach       reach // the same for short numbers
	from, until stamp // for dates and times; only where Min or Max is set
	pattern     *matcher
	allowed     map[string]struct{}
	listed      map[string]struct{}
	lengths     bool
	textual     bool // has constraints on its text
	exacting    bool // other ones than on its length in bytes
	longest     int  // bytes that are not too many characters, whatever they are
	constrained bool
	coded       bool     // the file's text is not in UTF-8, unlike that of the schema
	choices     *choices // what is allowed, where that is enough to tell; else nil
	set         int      // of its unique values, -1 for none
	nameless    bool     // what the header calls it may be a sensitive cell, and so may its cells
}

// set is one thing that must not occur twice.
type set struct {
	code    Code
	columns []int // positions
	names   string
}

func newPlan(s *Schema, opt Options) (*plan, error) {
	own := *s
	own.ColumnsMode = cmp.Or(own.ColumnsMode, "exact")
	own.Encoding = strings.ToLower(cmp.Or(own.Encoding, "auto"))
	p := &plan{Schema: &own}
	var err error
	if p.send, err = newSendable(own.SendEncoding); err != nil {
		return nil, err
	}
	if err := cmp.Or(own.dialectError(), own.fixedError()); err != nil {
		return nil, err
	}
	for i := range s.Columns {
		c, err := newColumn(s.Columns[i], opt)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", s.Columns[i].Name, err)
		}
		p.declared = append(p.declared, c)
		p.secret = p.secret || c.Sensitive
	}
	for _, names := range s.Keys {
		for _, name := range names {
			if !slices.ContainsFunc(s.Columns, func(c Column) bool { return c.Name == name }) && !slices.Contains(p.fixedNames(), name) {
				return nil, fmt.Errorf("key: column %q is not declared", name)
			}
		}
	}
	return p, nil
}

// dialectError says why no file can be read with the schema.
func (s *Schema) dialectError() error {
	switch {
	case s.Encoding != "auto" && s.Encoding != "utf-16le" && !slices.Contains(charsetNames[:], s.Encoding):
		return fmt.Errorf("unknown encoding %q", s.Encoding)
	case s.Delimiter == 0 || s.Delimiter == '\n' || s.Delimiter == '\r' || s.Delimiter >= 0x80 || s.Quote >= 0x80:
		return fmt.Errorf("delimiter and quote have to be one ASCII character, got %q and %q", s.Delimiter, s.Quote)
	case s.Quote == '\n' || s.Quote == '\r':
		return fmt.Errorf("quote cannot be a line end, got %q", s.Quote)
	case s.Delimiter == s.Quote:
		return fmt.Errorf("delimiter and quote are both %q", s.Quote)
	}
	return nil
}

func newColumn(spec Column, opt Options) (*column, error) {
	k, ok := kinds[spec.Type]
	if !ok {
		return nil, fmt.Errorf("unknown type %q", spec.Type)
	}
	c := &column{Column: spec, kind: k, decimal: spec.Decimal, group: spec.Group, set: -1}
	if c.decimal == 0 {
		c.decimal = ','
	}
	if c.group == c.decimal {
		c.group = 0
	}
	c.dates = dateFormats(k, spec.Format)
	c.lengths = spec.MinLength > 0 || spec.MaxLength > 0
	if spec.Pattern != nil {
		whole, err := regexp.Compile(`\A(?:` + spec.Pattern.String() + `)\z`)
		if err != nil {
			return nil, fmt.Errorf("pattern: %w", err)
		}
		c.pattern = newMatcher(whole)
	}
	if len(spec.OneOf) > 0 {
		c.allowed = make(map[string]struct{}, len(spec.OneOf))
		for _, v := range spec.OneOf {
			c.allowed[v] = struct{}{}
		}
	}
	if spec.InFile != nil {
		if opt.Lookup == nil {
			return nil, errors.New("in_file: there is no way to look it up")
		}
		listed, err := opt.Lookup(spec.InFile.Path, spec.InFile.Column)
		if err != nil {
			return nil, fmt.Errorf("in_file: %w", err)
		}
		c.listed = listed
		if listed == nil {
			c.listed = map[string]struct{}{}
		}
	}
	if err := c.bounds(); err != nil {
		return nil, err
	}
	c.reach = newReach(c.low, c.high, c.Scale)
	c.textual = c.lengths || c.pattern != nil || c.allowed != nil || c.listed != nil
	c.exacting = c.textual && (c.MinLength > 1 || c.pattern != nil || c.allowed != nil || c.listed != nil)
	if c.longest = c.MaxLength; c.longest <= 0 {
		c.longest = math.MaxInt32
	}
	c.constrained = c.textual || c.Min != "" || c.Max != "" ||
		k == kindDecimal && c.Scale >= 0
	return c, nil
}

func dateFormats(k kind, format string) []*dateFormat {
	switch {
	case k != kindDate && k != kindTime:
		return nil
	case format != "":
		return []*dateFormat{newDateFormat(format)}
	case k == kindDate:
		return []*dateFormat{newDateFormat(germanDate)}
	}
	return []*dateFormat{newDateFormat("hh:mm"), newDateFormat("hh:mm:ss")}
}

// bounds reads min and max in the column's own notation.
func (c *column) bounds() error {
	for _, end := range c.ends(c.Column) {
		if end.text != "" && !c.reads(end) {
			return fmt.Errorf("%s %q is no value of type %s", end.name, end.text, c.typeName())
		}
	}
	return nil
}

// end is min or max, and where it goes once it is read.
type end struct {
	name, text string
	number     **bound
	when       *stamp
}

func (c *column) ends(of Column) [2]end {
	return [2]end{{"min", of.Min, &c.low, &c.from}, {"max", of.Max, &c.high, &c.until}}
}

// reads takes an end in and reports whether it is a value of the column's type.
func (c *column) reads(e end) (ok bool) {
	switch c.kind {
	case kindInteger, kindDecimal:
		*e.number, ok = newBound(e.text, c.decimal, c.group)
		if !ok { // a number written in the configuration has a point
			*e.number, ok = newBound(e.text, '.', 0)
		}
	case kindDate, kindTime:
		*e.when, ok = c.stamp([]byte(e.text))
	}
	return ok
}

func (c *column) typeName() string {
	if c.Type == "" {
		return "text"
	}
	return c.Type
}

func (c *column) stamp(v []byte) (stamp, bool) {
	for _, f := range c.dates {
		if s, ok := f.parse(v); ok {
			return s, true
		}
	}
	return 0, false
}

// place fixes where each column lies, once the names of the file are known, and with it what must be unique: whole rows,
// keys, then columns from left to right, which is the order in which the faults of a record are reported.
func (p *plan) place(names []string, in charset) {
	p.names, p.width = names, len(names)
	p.columns = make([]*column, len(names))
	p.sets = nil
	if p.UniqueRows {
		p.sets = append(p.sets, set{code: CodeUniqueRows})
	}
	at := make(map[string]int, len(names))
	for i := len(names) - 1; i >= 0; i-- {
		at[names[i]] = i
		p.columns[i] = &column{Column: Column{Name: names[i], Scale: -1}, position: i, set: -1}
	}
	p.astray = false
	for _, c := range p.declared {
		i, present := at[c.Name]
		if !present {
			p.astray = p.astray || c.Sensitive
			continue
		}
		placed := *c
		placed.position = i
		placed.coded = in != setUTF8
		placed.choices = newChoices(c.OneOf, in, p.Quote)
		p.columns[i] = &placed
	}
	for _, key := range p.Keys {
		s := set{code: CodeKey, names: strings.Join(key, ", ")}
		for _, name := range key {
			if i, present := at[name]; present {
				s.columns = append(s.columns, i)
			}
		}
		if len(s.columns) == len(key) {
			p.sets = append(p.sets, s)
		}
	}
	for i, c := range p.columns {
		if p.conceals(names[i]) {
			c.nameless, c.Sensitive = true, true
		}
	}
	p.wholeRows = len(p.sets) > 0 || len(p.Checks) > 0
	p.bare = p.send.to == nil && len(p.declared) == 0 && len(p.Checks) == 0 && !p.UniqueRows && p.ExcelDamage == LevelAllow &&
		p.Mojibake == LevelAllow && p.FileReferences == LevelAllow
	for i, c := range p.columns {
		if c.Unique {
			c.set = len(p.sets)
			p.sets = append(p.sets, set{code: CodeUnique, columns: []int{i}})
		}
	}
}

// expected says in words what a cell of the column has to be, for the rule it broke.
func (p *plan) expected(c *column, code Code) Sentence {
	switch code {
	case CodeRequired:
		return phraseNotEmpty.Of()
	case CodeExcelDamage:
		return phraseOriginalCell.Of()
	case CodeType:
		return p.expectedType(c)
	case CodeScale:
		return phraseAtMost.Of(fmt.Sprint(c.Scale))
	case CodeMinLength:
		return phraseAtLeast.Of(fmt.Sprint(c.MinLength))
	case CodeMaxLength:
		return phraseAtMost.Of(fmt.Sprint(c.MaxLength))
	case CodePattern:
		// The configuration may have anchored it already; people wrote only what is inside.
		return Verbatim(strings.TrimSuffix(strings.TrimPrefix(c.Pattern.String(), `\A(?:`), `)\z`))
	case CodeOneOf:
		return Verbatim(strings.Join(c.OneOf, ", "))
	case CodeInFile:
		return Verbatim(c.InFile.Path + ": " + c.InFile.Column)
	case CodeMin:
		return phraseAtLeast.Of(c.Min)
	case CodeMax:
		return phraseAtMost.Of(c.Max)
	case CodeUnique, CodeKey, CodeUniqueRows:
		return phraseNotBefore.Of()
	case CodeUnmappable:
		return phraseCharacterOf.Of(p.send.name)
	}
	return Sentence{}
}

func (p *plan) expectedType(c *column) Sentence {
	switch c.kind {
	case kindInteger:
		return phraseInteger.Of()
	case kindDecimal:
		sample := "1234" + string(c.decimal) + "56"
		if c.group != 0 {
			sample = "1" + string(c.group) + "234" + string(c.decimal) + "56"
		}
		return phraseDecimal.Of(sample)
	case kindDate:
		return phraseDate.Of(c.dates[0].text)
	case kindTime:
		forms := make([]string, len(c.dates))
		for i, f := range c.dates {
			forms[i] = f.text
		}
		return phraseTime.Of(strings.Join(forms, " / "))
	case kindBoolean:
		return phraseBoolean.Of()
	case kindEmail:
		return phraseEmail.Of()
	case kindIBAN:
		return phraseIBAN.Of()
	}
	return phraseText.Of()
}
