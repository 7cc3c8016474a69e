package durable_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/afero"

	"dropform/engine/faultfs"
)

// failing is a file system on which one kind of operation fails.
func failing(fs afero.Fs, fault faultfs.Fault) *faultfs.FS {
	out := faultfs.New(fs)
	out.Inject(fault)
	return out
}

// disks runs a test in memory and on a real folder.
func disks(t *testing.T, test func(t *testing.T, fs afero.Fs, dir string)) {
	t.Run("memory", func(t *testing.T) {
		fs := afero.NewMemMapFs()
		if err := fs.MkdirAll("/d", 0o755); err != nil {
			t.Fatal(err)
		}
		test(t, fs, "/d")
	})
	t.Run("disk", func(t *testing.T) { test(t, afero.NewOsFs(), t.TempDir()) })
}

func put(t *testing.T, fs afero.Fs, path, content string) {
	t.Helper()
	if err := afero.WriteFile(fs, path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, fs afero.Fs, path string) string {
	t.Helper()
	b, err := afero.ReadFile(fs, path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// names lists what is in dir, which no failure may leave a temporary file in.
func names(t *testing.T, fs afero.Fs, dir string) string {
	t.Helper()
	list, err := afero.ReadDir(fs, dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, fi := range list {
		all = append(all, fi.Name())
	}
	return strings.Join(all, " ")
}

const (
	enospc = syscall.ENOSPC
	eio    = syscall.EIO
	eacces = syscall.EACCES
	exdev  = syscall.EXDEV
)
