package hcl

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"dropform/engine"
)

// buildExport fills in the defaults of LANGUAGE.md, export.
func buildExport(in *instance, n *node, declared engine.Declared) *engine.Export {
	expect, fixed := n.child("expect"), in.buildFixed(n)
	if csv := n.child("csv"); csv.has("send_encoding") {
		in.add(problem{
			code: "attribute_without_other", summary: "send_encoding in an export", rng: csv.at("send_encoding"), in: in.place,
			detail: "An export sends no file. target.encoding says in which encoding its result is written.",
		})
	}
	e := &engine.Export{
		Declared: declared, Connection: in.builtConnection(n), Object: get(n, "object", ""), Method: get(n, "method", ""),
		VariablesStyle: get(n, "variables_style", "json"), Schedule: in.buildSchedule(n.child("schedule")),
		WaitForResult: get(n, "wait_for_result", false), Target: in.buildTarget(n), Fixed: fixed,
		CSV: in.buildCSV(n.child("csv"), fixed...),
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
	if out.BOM && t.has("encoding") && !strings.HasPrefix(out.Encoding, "utf-") {
		in.add(problem{
			code: "attribute_without_other", summary: "bom beside " + out.Encoding, rng: t.at("bom"), in: in.place,
			detail: "A byte order mark is written in UTF-8 and UTF-16 only. Choose one of them as encoding, or leave bom out.",
		})
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
