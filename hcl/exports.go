package hcl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dropform/engine"
)

// buildExport fills in the defaults of LANGUAGE.md, export.
func buildExport(in *instance, n *node, declared engine.Declared) *engine.Export {
	expect := n.child("expect")
	e := &engine.Export{
		Declared: declared, Connection: in.builtConnection(n), Object: get(n, "object", ""), Method: get(n, "method", ""),
		VariablesStyle: get(n, "variables_style", "json"), Schedule: in.buildSchedule(n.child("schedule")),
		WaitForResult: get(n, "wait_for_result", false), Target: in.buildTarget(n), Fixed: in.buildFixed(n),
		CSV: in.buildCSV(n.child("csv")),
	}
	variables := get(n, "variables", map[string]*lateText(nil))
	for _, name := range sortedKeys(variables) {
		e.Variables = append(e.Variables, engine.Variable{Name: name, Value: variables[name].run()})
	}
	e.Expect = engine.Expect{
		MinRows: get(expect, "min_rows", int64(0)), MinSize: get(expect, "min_size", int64(0)),
		Columns: get(expect, "columns", []string(nil)), MaxShrink: get(expect, "max_shrink", 0.0), HasMaxShrink: expect.has("max_shrink"),
	}
	return e
}

func (in *instance) buildSchedule(n *node) *engine.Schedule {
	if n == nil {
		return nil
	}
	if n.has("cron") == n.has("every") {
		detail := "Set cron, as in \"30 5 * * MON-FRI\", or every, as in \"15m\"."
		if n.has("cron") {
			detail = "Both are set. Keep one: cron for times of the day, every for a distance in time."
		}
		in.add(problem{code: "invalid_schedule", summary: "A schedule needs exactly one of cron and every", detail: detail, rng: n.header, in: in.place})
	}
	s := &engine.Schedule{
		Cron: get(n, "cron", ""), Every: get(n, "every", time.Duration(0)), Location: get(n, "timezone", in.zone),
		Missed: get(n, "missed", "once"), Window: get(n, "window", time.Duration(0)),
	}
	if err := s.Check(); s.Every > 0 && err != nil {
		in.add(problem{code: "invalid_schedule", summary: "The schedule cannot be kept", detail: err.Error() + ".", rng: n.header, in: in.place})
	}
	return s
}

func (in *instance) buildTarget(n *node) engine.Target {
	t := n.child("target")
	if t == nil {
		in.missingBlock(n, "target", "An export needs target { path = \"…\" } to say where the result goes.")
		return engine.Target{}
	}
	path := get[*lateText](t, "path", nil)
	out := engine.Target{
		SourceEncoding: get(t, "source_encoding", "auto"), Encoding: get(t, "encoding", ""), BOM: get(t, "bom", false),
		Newline: get(t, "newline", ""), IfExists: get(t, "if_exists", "replace"), IfUnchanged: get(t, "if_unchanged", "skip"),
		DoneFile: get[*lateText](t, "done_file", nil).run(), Checksum: get(t, "checksum", ""), Keep: get(t, "keep", engine.Keep{}),
		Unmappable: get(t, "unmappable", "error"),
	}
	if path != nil {
		out.Root = path.root()
		path.absolute = true
		out.Path = path.run()
		in.targets = append(in.targets, &target{in: in, at: t.at("path"), path: out.Path, root: out.Root, keepBoth: out.IfExists == "keep_both"})
	}
	in.checkUnmappable(t, out)
	return out
}

func (in *instance) missingBlock(n *node, name, detail string) {
	in.add(problem{
		code: "missing_required", summary: fmt.Sprintf("Missing required block %q", name), detail: detail,
		rng: n.header, in: in.place, needsWholeDefinition: true,
	})
}

func (in *instance) checkUnmappable(t *node, out engine.Target) {
	if with, ok := strings.CutPrefix(out.Unmappable, "replace:"); out.Unmappable != "error" && (!ok || utf8.RuneCountInString(with) != 1) {
		in.wrong(t.exprs["unmappable"], "invalid_value", fmt.Sprintf("unmappable cannot be %q", out.Unmappable),
			"It takes \"error\", or \"replace:\" and one character, as in \"replace:?\".")
	}
	for _, name := range []string{"bom", "unmappable"} {
		if t.has(name) && !t.has("encoding") {
			in.add(problem{
				code: "attribute_without_other", summary: name + " without encoding", rng: t.at(name), in: in.place,
				detail: "Without encoding the bytes are written as they were received. Set encoding, or leave this out.",
			})
		}
	}
}

func (in *instance) buildFixed(n *node) []engine.FixedField {
	fixed := n.child("fixed")
	if fixed == nil {
		return nil
	}
	if len(fixed.children["field"]) == 0 {
		in.missingBlock(fixed, "field", "A fixed block describes at least one field: field \"NAME\" { start = 1 length = 8 }.")
	}
	var out []engine.FixedField
	nodes := slices.Clone(fixed.children["field"])
	slices.SortStableFunc(nodes, func(a, b *node) int { return cmp.Compare(get(a, "start", int64(0)), get(b, "start", int64(0))) })
	for i, f := range nodes {
		field := engine.FixedField{Name: f.label, Start: int(get(f, "start", int64(1))), Length: int(get(f, "length", int64(1)))}
		if i > 0 && out[i-1].Start+out[i-1].Length > field.Start && f.has("start") && f.has("length") {
			in.add(problem{
				code: "invalid_value", summary: fmt.Sprintf("Fields %q and %q overlap", out[i-1].Name, field.Name), rng: f.at("start"), in: in.place,
				detail: fmt.Sprintf("%q takes characters %d to %d; start counts from 1.", out[i-1].Name, out[i-1].Start, out[i-1].Start+out[i-1].Length-1),
			})
		}
		out = append(out, field)
	}
	return out
}
