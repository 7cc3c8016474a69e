package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/afero"

	"dropform/engine/durable"
)

// target renders and checks the target's path: it may not leave the folder that it starts in, and its names must be ones
// that every system can hold.
func (e *Export) target(cfg *Config, run RunScope) (string, error) {
	t := e.Target
	path, err := t.Path(run)
	if err != nil {
		return "", fmt.Errorf("target.path: %w", err)
	}
	path = beside(cfg.Dir, path)
	rel, err := filepath.Rel(t.Root, path)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("target.path: %s lies outside %s, the folder that the path starts in", path, t.Root)
	}
	for name := range strings.SplitSeq(rel, string(filepath.Separator)) {
		if err := durable.ValidName(name); err != nil {
			return "", fmt.Errorf("target.path: %w", err)
		}
	}
	done, err := e.doneFile(path, run)
	if err != nil {
		return "", err
	}
	for _, other := range []string{path, path + ".sha256", path + suspectSuffix} {
		if done == other {
			return "", fmt.Errorf("target.done_file: %s is written by this export already; the empty done file would replace it", base(other))
		}
	}
	return path, nil
}

// doneFile is the path of the done file of a result at path, empty for none.
func (e *Export) doneFile(path string, run RunScope) (string, error) {
	if e.Target.DoneFile == nil {
		return "", nil
	}
	name, err := e.Target.DoneFile(run)
	if err != nil {
		return "", fmt.Errorf("target.done_file: %w", err)
	}
	return beside(filepath.Dir(path), name), nil
}

// place is the target as the disk has it: no folder below the one that the path starts in leads out of it through a link.
// That folder itself may be one; it is how the path was written.
func (e *Export) place(fs afero.Fs, cfg *Config, run RunScope) (string, error) {
	path, err := e.target(cfg, run)
	if err != nil {
		return "", err
	}
	for dir := filepath.Dir(path); dir != filepath.Clean(e.Target.Root) && len(dir) > len(e.Target.Root); dir = filepath.Dir(dir) {
		info, err := lstat(fs, dir)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("target.path: %w", err)
		}
		if info.Mode()&os.ModeSymlink != 0 && !leadsInto(dir, e.Target.Root) {
			return "", fmt.Errorf("target.path: %s is a link that leads out of %s, the folder that the path starts in", dir, e.Target.Root)
		}
	}
	return path, nil
}

// leadsInto reports whether a link ends inside a folder.
func leadsInto(link, folder string) bool {
	to, err := filepath.EvalSymlinks(link)
	if err != nil {
		return false
	}
	if folder, err = filepath.EvalSymlinks(folder); err != nil {
		return false
	}
	rel, err := filepath.Rel(folder, to)
	return err == nil && filepath.IsLocal(rel)
}
