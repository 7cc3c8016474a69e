package command

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"dropform/engine"
)

// TestJSONPageIsComplete: every type of line and every key of every document is on the page, with a meaning, and nothing
// has one that is on no line.
func TestJSONPageIsComplete(t *testing.T) {
	page, used := jsonReference(), map[string]bool{}
	if code := exampleDiagnostic().Code; configurationTable(t)[code] == "" {
		t.Errorf("the example quotes %s, which is no code", code)
	}
	for _, e := range append(exampleLines(), exampleDocuments()...) {
		if len(e.text) == 0 {
			t.Errorf("%s has no example", e.title)
		}
		for _, k := range keysOf(e.text) {
			names := strings.Split(strings.ReplaceAll(k.path, "[]", ""), ".")
			last := names[len(names)-1]
			used[last] = true
			if len(names) > 1 {
				used[names[len(names)-2]+"."+last] = true
			}
			if !strings.HasPrefix(last, "@") && last != "type" && meaningOf(k.path) == "" {
				t.Errorf("%s: %s has no meaning", e.title, k.path)
			}
		}
	}
	for key := range jsonMeanings {
		if !used[key] {
			t.Errorf("%s is explained and in no example", key)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	lineType := regexp.MustCompile(`\.line\((?:level|"[a-z]+"), "([a-z_]+)"`)
	found := 0
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range lineType.FindAllStringSubmatch(string(src), -1) {
			found++
			if !strings.Contains(page, "\n### "+m[1]+"\n") {
				t.Errorf("%s prints lines of the type %s, which is not on the page", f, m[1])
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d places that print lines were found", found)
	}
}

// TestJSONExamplesShowEveryKey: the examples leave out no key that a document can have.
func TestJSONExamplesShowEveryKey(t *testing.T) {
	keys := map[string]map[string]bool{}
	for _, e := range append(exampleLines(), exampleDocuments()...) {
		keys[e.title] = map[string]bool{}
		for _, k := range keysOf(e.text) {
			keys[e.title][k.path[strings.LastIndexByte(k.path, '.')+1:]] = true
		}
	}
	for title, document := range map[string]any{
		"planned_change": change{}, "apply_start": hook{}, "diagnostic": diagnosticJSON{}, "validate -json": validation{}, "show -json": shown{}, "show -json PLAN": engine.SavedPlan{},
		"status -json": statusJSON{}, "history -json": eventJSON{}, "state pull": pulled{}, "version -json": versionJSON{},
	} {
		for _, tag := range tagsOf(reflect.TypeOf(document), map[reflect.Type]bool{}) {
			if !keys[title][tag] && tag != "fingerprint" { // of a masked value; show takes it out
				t.Errorf("%s: the example lacks %s", title, tag)
			}
		}
	}
}

// tagsOf lists the JSON names of a type and of what it holds.
func tagsOf(typ reflect.Type, seen map[reflect.Type]bool) []string {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || seen[typ] || typ.PkgPath() == "time" {
		return nil
	}
	seen[typ] = true
	var out []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag != "" && tag != "-" {
			out = append(out, tag)
		}
		if f.IsExported() {
			out = append(out, tagsOf(f.Type, seen)...)
		}
	}
	return out
}
