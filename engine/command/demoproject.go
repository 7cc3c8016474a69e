package command

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/afero"

	"dropform/engine/diag"
	"dropform/engine/durable"
	"dropform/engine/sandbox"
)

// demoMarker says that a folder is the demo's, and holds the digest of the main.hcl that it wrote there. demoLock is the
// lock of a running demo.
const (
	demoMarker = ".dropform-demo"
	demoLock   = ".dropform-demo.lock"
)

// isDemo reports whether the demo may work in dir: it is not there, it is empty, or it bears the marker. A lock alone is
// all that a demo leaves that ended before it wrote anything.
func (s *session) isDemo(dir string) (bool, error) {
	entries, err := afero.ReadDir(s.FS, dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if len(entries) == 1 && entries[0].Name() == demoLock {
		return true, nil
	}
	return slices.ContainsFunc(entries, func(e os.FileInfo) bool { return e.Name() == demoMarker }), nil
}

// writeDemo starts afresh: what an earlier demo made is taken away, what somebody else put or changed there stays. The
// marker is written after the old main.hcl is gone and before the new one is there: whenever this process dies, a
// main.hcl that differs from the marker is a person's.
func (s *session) writeDemo(dir, url string) error {
	if err := s.edited(dir); err != nil {
		return err
	}
	if err := s.clearDemo(dir); err != nil {
		return fmt.Errorf("clear the demo project: %w", err)
	}
	project := strings.NewReplacer("@URL@", url, "@ID@", sandbox.DemoCustomerID, "@USER@", sandbox.DemoUser,
		"@CONBOX@", strings.TrimSuffix(url, "/webApi")+sandbox.ConboxPath, "@CONBOXUSER@", sandbox.DemoConboxUser, "@CODE@", sandbox.DemoUserCode).Replace(demoMain)
	files := append([]demoFile{
		{"", demoMarker, digestOf([]byte(project)) + "\n"}, {"", "main.hcl", project}, {"", "password.txt", sandbox.DemoPassword + "\n"},
	}, demoFiles...)
	for _, f := range files {
		if err := s.writeDemoFile(dir, f); err != nil {
			return fmt.Errorf("write the demo project: %w", err)
		}
	}
	return nil
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// edited refuses a folder in which a person has worked: their edits would be lost, or would change what the demo shows.
func (s *session) edited(dir string) error {
	refuse := func(what string) error {
		return diag.Diagnostic{
			Code: "demo_edited", Summary: what,
			Detail: "The demo starts afresh each time and would not leave your work as it is, so nothing was touched. Rename the folder " + demoFolder + " to keep it, or delete it.",
		}
	}
	config, vars, err := s.Sources(dir)
	if err != nil {
		return fmt.Errorf("look at %s: %w", demoFolder, err)
	}
	for _, name := range slices.Concat(config, vars) {
		if name != "main.hcl" {
			return refuse(fmt.Sprintf("%s holds %s, which the demo did not write", demoFolder, name))
		}
	}
	text, err := afero.ReadFile(s.FS, filepath.Join(dir, "main.hcl"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	written, err := afero.ReadFile(s.FS, filepath.Join(dir, demoMarker))
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(written)) != digestOf(text) {
		return refuse(demoFolder + "/main.hcl has been edited")
	}
	return nil
}

func (s *session) writeDemoFile(dir string, f demoFile) error {
	folder := filepath.Join(dir, filepath.FromSlash(f.folder))
	if err := durable.MkdirAll(s.FS, folder, 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if f.name == "password.txt" {
		mode = 0o600
	}
	return durable.WriteFile(s.FS, filepath.Join(folder, f.name), mode, func(w io.Writer) error {
		_, err := io.WriteString(w, f.text)
		return err
	})
}

// demoMade recognises, by its path in the demo's folder, what the demo and dropform make there.
var demoMade = regexp.MustCompile(`^(main\.hcl|password\.txt|\.dropform/.*` +
	`|(staff|absence|orders)/(in|done|failed)/(Mitarbeiter|Abwesenheiten|Bestellung)_[^/]*` +
	`|(staff|absence|orders)/in/\.dropform-served` +
	`|payroll/(\.?lohn_[^/]*))$`)

// clearDemo removes what an earlier run made, file by file. The marker and the lock stay.
func (s *session) clearDemo(dir string) error {
	return afero.Walk(s.FS, dir, func(path string, info fs.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		if !demoMade.MatchString(relative(dir, path)) {
			return nil
		}
		return s.FS.Remove(path)
	})
}

// dropLate drops the late file as a careful program does: written under another name, then renamed.
func (s *demoShow) dropLate() error {
	part := demoLate
	part.name += ".part"
	if err := s.writeDemoFile(s.Dir, part); err != nil {
		return err
	}
	in := filepath.Join(s.Dir, filepath.FromSlash(demoLate.folder))
	return s.FS.Rename(filepath.Join(in, part.name), filepath.Join(in, demoLate.name))
}
