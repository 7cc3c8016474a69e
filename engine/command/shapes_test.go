package command_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// compareShapes: shapes FILE FILE [-KEY|+KEY]...: two JSON documents, or two streams of lines by their types, have the same
// keys with values of the same kind. A key that begins with - is in the first alone, with + in the second alone, each with
// all that is beneath it; every one that is listed must differ so.
func compareShapes(ts *testscript.TestScript, _ bool, args []string) {
	first, second := shapeOf(ts, args[0]), shapeOf(ts, args[1])
	for _, exception := range args[2:] {
		from, other := first, second
		if exception[0] == '+' {
			from, other = second, first
		}
		if from[exception[1:]] == "" || other[exception[1:]] != "" {
			ts.Fatalf("%s is no difference any more", exception)
		}
		for path := range from {
			if path == exception[1:] || strings.HasPrefix(path, exception[1:]+".") || strings.HasPrefix(path, exception[1:]+"[") {
				delete(from, path)
			}
		}
	}
	var differ []string
	for path, kind := range first {
		if second[path] != kind {
			differ = append(differ, fmt.Sprintf("%s: %s, and %s in the second", path, kind, second[path]))
		}
	}
	for path, kind := range second {
		if first[path] == "" {
			differ = append(differ, fmt.Sprintf("%s: %s in the second alone", path, kind))
		}
	}
	slices.Sort(differ)
	if len(differ) > 0 {
		ts.Fatalf("%s", strings.Join(differ, "\n"))
	}
}

// shapeOf lists the paths of a document with the kinds of their values; those of a line begin with its type.
func shapeOf(ts *testscript.TestScript, name string) map[string]string {
	text, shape := ts.ReadFile(name), map[string]string{}
	var whole map[string]any
	if json.Unmarshal([]byte(text), &whole) == nil {
		addShape(shape, "", whole)
		return shape
	}
	for line := range strings.Lines(text) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			ts.Fatalf("%s: %v in %q", name, err, line)
		}
		addShape(shape, fmt.Sprint(object["type"]), object)
	}
	return shape
}

func addShape(shape map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		shape[path] = "object"
		for k, inner := range v {
			addShape(shape, path+"."+k, inner)
		}
	case []any:
		shape[path] = "list"
		for _, inner := range v {
			addShape(shape, path+"[]", inner)
		}
	default:
		shape[path] = fmt.Sprintf("%T", v)
	}
}
