package durable_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/engine/durable"
)

func TestMkdirAll(t *testing.T) {
	disks(t, func(t *testing.T, fs afero.Fs, dir string) {
		deep := filepath.Join(dir, "a", "b", "c")
		for range 2 { // safe to repeat
			if err := durable.MkdirAll(fs, deep, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if ok, err := afero.IsDir(fs, deep); !ok || err != nil {
			t.Errorf("folder is there: %v, %v", ok, err)
		}
		file := filepath.Join(dir, "file")
		put(t, fs, file, "x")
		if err := durable.MkdirAll(fs, file, 0o755); err == nil {
			t.Error("a file passed for a folder")
		}
	})
}

func TestSyncDirReportsAMissingFolder(t *testing.T) {
	err := durable.SyncDir(afero.NewOsFs(), filepath.Join(t.TempDir(), "gone"))
	if want := runtime.GOOS != "windows"; errors.Is(err, os.ErrNotExist) != want {
		t.Errorf("error is %v", err)
	}
}

func perm(t *testing.T, path string) os.FileMode {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fi.Mode().Perm()
}

func TestPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access lists say nothing in a mode; runs elsewhere")
	}
	dir := filepath.Join(t.TempDir(), "project", ".dropform")
	if err := durable.MkdirPrivate(dir); err != nil {
		t.Fatal(err)
	}
	if got := perm(t, dir); got != 0o700 {
		t.Errorf("new folder has %v", got)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := durable.MkdirPrivate(dir); err != nil || perm(t, dir) != 0o700 {
		t.Errorf("existing folder has %v, %v", perm(t, dir), err)
	}
	if got := perm(t, filepath.Dir(dir)); got&0o500 != 0o500 || got == 0o700 {
		t.Errorf("the folder above has %v", got)
	}

	file := filepath.Join(dir, "ledger.db")
	if err := durable.Private(file); err != nil || perm(t, file) != 0o600 {
		t.Errorf("new file has %v, %v", perm(t, file), err)
	}
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := durable.Private(file); err != nil || perm(t, file) != 0o600 {
		t.Errorf("existing file has %v, %v", perm(t, file), err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "x" {
		t.Errorf("existing file holds %q, %v", b, err)
	}
}

// A ledger at /srv/ledger.db must not lock other users out of /srv.
func TestMkdirPrivateSparesForeignFolders(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	before := perm(t, dir)
	if err := durable.MkdirPrivate(dir); err != nil || perm(t, dir) != before {
		t.Errorf("folder has %v, %v", perm(t, dir), err)
	}
}

func TestStampTellsStatesApart(t *testing.T) {
	disks(t, func(t *testing.T, fs afero.Fs, dir string) {
		path := filepath.Join(dir, "a.csv")
		stamp := func() durable.Stamp {
			fi, err := fs.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			return durable.StampOf(fi)
		}
		put(t, fs, path, "abc")
		if err := fs.Chtimes(path, written, written); err != nil {
			t.Fatal(err)
		}
		first := stamp()
		if first.Size != 3 || first.ModTime != written.UnixNano() || !first.Equal(stamp()) {
			t.Errorf("stamp %+v", first)
		}
		if err := fs.Chtimes(path, written, written.Add(time.Nanosecond*100)); err != nil {
			t.Fatal(err)
		}
		if first.Equal(stamp()) {
			t.Error("another modification time is the same stamp")
		}
		b, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		var back durable.Stamp
		if err := json.Unmarshal(b, &back); err != nil || !back.Equal(first) {
			t.Errorf("%s came back as %+v, %v", b, back, err)
		}
	})
}

// Same size and modification time, other bytes: only the change time and the inode can tell.
func TestStampSeesAForgedModTime(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows gives neither; runs elsewhere")
	}
	fs, path := afero.NewOsFs(), filepath.Join(t.TempDir(), "a.csv")
	stamp := func(text string) durable.Stamp {
		if err := durable.WriteFile(fs, path, 0o644, write(text)); err != nil {
			t.Fatal(err)
		}
		if err := fs.Chtimes(path, written, written); err != nil {
			t.Fatal(err)
		}
		fi, err := fs.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return durable.StampOf(fi)
	}
	a, b := stamp("abc"), stamp("xyz")
	if a.Size != b.Size || a.ModTime != b.ModTime {
		t.Fatalf("%+v and %+v should agree in size and time", a, b)
	}
	if a.Equal(b) || a.FileID == "" || a.ChangeTime == 0 {
		t.Errorf("%+v equals %+v", a, b)
	}
}

func TestNetworkOfALocalFolder(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "not", "yet", "there")
	if kind, remote, err := durable.Network(missing); err != nil || remote || kind != "" {
		t.Errorf("Network = %q, %v, %v", kind, remote, err)
	}
}

func TestFreeName(t *testing.T) {
	now := time.Date(2026, 11, 21, 18, 0, 0, 0, time.FixedZone("MEZ", 3600))
	long := strings.Repeat("ü", 125) + "x.csv"
	cases := []struct {
		name string
		have []string
		want string
	}{
		{"name.csv", nil, "name.csv"},
		{"name.csv", []string{"name.csv"}, "name~20261121T170000Z-1.csv"},
		{"name.csv", []string{"name.csv", "name~20261121T170000Z-1.csv"}, "name~20261121T170000Z-2.csv"},
		{"README", []string{"README"}, "README~20261121T170000Z-1"},
		{".csv", []string{".csv"}, ".csv~20261121T170000Z-1"},
		{"a.b.csv", []string{"a.b.csv"}, "a.b~20261121T170000Z-1.csv"},
		{long, []string{long}, strings.Repeat("ü", 116) + "~20261121T170000Z-1.csv"},
	}
	for _, c := range cases {
		disks(t, func(t *testing.T, fs afero.Fs, dir string) {
			for _, name := range c.have {
				put(t, fs, filepath.Join(dir, name), "x")
			}
			got := durable.FreeName(fs, filepath.Join(dir, c.name), now)
			if want := filepath.Join(dir, c.want); got != want {
				t.Errorf("FreeName(%s) = %s, want %s", c.name, filepath.Base(got), c.want)
			}
			put(t, fs, got, "x") // whatever is proposed can be written
		})
	}
}

func TestValidName(t *testing.T) {
	for _, good := range []string{
		"march.csv", "Jänner 2026.csv", ".hidden", "a", "console.csv", "com.csv", "COM10", "lptx", "x.CON", "a~b-1.csv",
		"con trol.csv", strings.Repeat("a", 255), "100% [final].csv",
	} {
		if err := durable.ValidName(good); err != nil {
			t.Errorf("%q is refused: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", ".", "..", "a/b", `a\b`, "a:b.csv", "q?.csv", "*.csv", "a<b", "a>b", "a|b", `a"b`, "a\tb", "a\x00b", "a\u0085b",
		"dot.", "space ", "CON", "CON.csv", "aux.txt", "NUL", "nul .txt", "PRN.tar.gz", "COM1.csv", "com9", "LPT0", "COM¹",
		"CONIN$", "conout$.x", "a\xff.csv", strings.Repeat("a", 256), strings.Repeat("ü", 128),
	} {
		if err := durable.ValidName(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
