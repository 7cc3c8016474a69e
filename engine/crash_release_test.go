package engine_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dropform/engine/failpoint"
)

// What is built without the tag holds no name of a point or of a wrong engine, nor the variables that ask for them.
func TestCrashPointsAreNotInTheRelease(t *testing.T) {
	t.Parallel()
	release, err := os.ReadFile(buildCrashBinary(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(release, []byte("DROPFORM_VAR_")) {
		t.Fatal("the search finds nothing that has to be there")
	}
	for _, name := range slices.Concat(failpoint.Names, failpoint.Bads, []string{"DROPFORM_FAILPOINT", "DROPFORM_KNOWN_BAD"}) {
		if bytes.Contains(release, []byte(name)) {
			t.Errorf("the release holds %s", name)
		}
	}
}

var pointCall = regexp.MustCompile(`failpoint\.At\("([^"]+)"\)`)

// The list of points is the points.
func TestCrashPointsAreListed(t *testing.T) {
	t.Parallel()
	var found []string
	for _, pattern := range []string{"*.go", "ledger/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range pointCall.FindAllSubmatch(src, -1) {
				found = append(found, string(m[1]))
			}
		}
	}
	listed := slices.Clone(failpoint.Names)
	slices.Sort(found)
	slices.Sort(listed)
	if found = slices.Compact(found); !slices.Equal(found, listed) {
		t.Errorf("in the code %q, in the list %q", found, listed)
	}
}
