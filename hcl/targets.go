package hcl

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"dropform/engine"
)

// A target is where one export instance writes.
type target struct {
	in       *instance
	at       hcl.Range
	path     engine.RunText
	root     string
	keepBoth bool
}

// checkTargets renders every target for a run that would be due now. A path that leaves its folder, and two that are
// one, are told before anything is fetched.
func (l *loader) checkTargets() {
	first := map[string]*target{}
	for i, t := range l.targets {
		path, err := t.path(engine.RunScope{Time: l.now.In(l.zone), ID: fmt.Sprintf("run-%d", i)})
		if err != nil {
			continue // not known yet, or told where it was evaluated
		}
		if rel, err := filepath.Rel(t.root, path); err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			l.add(problem{
				code: "path_leaves_folder", summary: "The path leaves its folder", rng: t.at, in: t.in.place,
				detail: fmt.Sprintf("It would be %s, which is not in %s, the folder that it starts in. What is put into a path by ${…} must not lead out with \"..\".",
					filepath.ToSlash(path), filepath.ToSlash(t.root)),
			})
			continue
		}
		if runtime.GOOS == "windows" {
			path = strings.ToLower(path)
		}
		other := first[path]
		switch {
		case other == nil:
			first[path] = t
		case !t.keepBoth || !other.keepBoth:
			l.add(problem{
				code: "target_shared", summary: "Two exports write the same file", rng: t.at, in: t.in.place,
				detail: fmt.Sprintf("%s and %s would both write %s, so one would overwrite the other. Put each.key, or another name, into one of the paths.",
					other.in.place.address, t.in.place.address, filepath.ToSlash(path)),
			})
		}
	}
}
