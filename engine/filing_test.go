package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/engine"
)

// TestMoveIsOwedAfterACrash: between the outcome and the move nothing is sent again, and the next run moves.
func TestMoveIsOwedAfterACrash(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone))
	r.write("in/a.csv", goodCSV)
	real := r.fs
	r.fs = &tamperFs{Fs: real, rename: func(_, to string) error {
		if filepath.Dir(to) == r.path("done") {
			return &os.LinkError{Op: "rename", Err: syscall.ENOSPC}
		}
		return nil
	}}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 1, 0, 0, 0)
	if e := r.lastEnd(); e.Code != "archive" || e.Next == "" || !strings.Contains(e.Text, "imported") {
		t.Errorf("told: %+v", e)
	}
	if !r.exists("in/a.csv") || !r.exists("in/a.csv.protocol.txt") {
		t.Error("file and protocol are not where they were")
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "> import.staff[a.csv] interrupted")

	r.fs = real
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if got := r.names("done"); !slices.Equal(got, []string{"a.csv", "a.csv.protocol.txt"}) || r.exists("in/a.csv") {
		t.Errorf("archive: %q", got)
	}
	if n := len(r.box.Imports()); n != 1 {
		t.Errorf("%d imports", n)
	}
	if p := r.plan(cfg, engine.PlanOptions{}); !p.Empty() {
		t.Errorf("plan: %v", lines(p))
	}
}

// TestCrashBetweenTheTwoMoves: the file is away, the protocol is not.
func TestCrashBetweenTheTwoMoves(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone))
	r.write("in/a.csv", goodCSV)
	real := r.fs
	r.fs = &tamperFs{Fs: real, rename: func(_, to string) error {
		if to == r.path("done/a.csv.protocol.txt") {
			return errors.New("power cut")
		}
		return nil
	}}
	r.apply(cfg, engine.PlanOptions{})
	r.fs = real
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if got := r.names("done"); !slices.Equal(got, []string{"a.csv", "a.csv.protocol.txt"}) || len(r.names("in")) != 0 {
		t.Errorf("archive: %q, folder: %q", got, r.names("in"))
	}
}

// TestReplacedFileStays: content that took the place of what was sent is new content, and is neither moved nor lost.
func TestReplacedFileStays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone))
	r.write("in/a.csv", rows("1"))
	real := r.fs
	r.fs = &tamperFs{Fs: real, create: func(name string) error {
		if strings.Contains(name, "a.csv.protocol.txt") { // it has been sent and followed
			r.write("in/a.csv", rows("2"))
		}
		return nil
	}}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	r.fs = real
	if r.read("in/a.csv") != rows("2") || r.exists("done/a.csv") || !r.exists("done/a.csv.protocol.txt") {
		t.Errorf("folder %q, archive %q", r.names("in"), r.names("done"))
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] content changed")
	r.apply(cfg, engine.PlanOptions{})
	if n := len(r.box.Imports()); n != 2 || len(r.names("in")) != 0 || len(r.names("done")) != 3 {
		t.Errorf("%d imports, folder %q, archive %q", n, r.names("in"), r.names("done"))
	}
}

func TestArchiveOnAnotherVolume(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone))
	r.write("in/a.csv", goodCSV)
	r.age("in/a.csv", time.Hour)
	before, _ := os.Stat(r.path("in/a.csv"))
	r.fs = &tamperFs{Fs: r.fs, rename: func(from, to string) error {
		if filepath.Dir(from) != filepath.Dir(to) {
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.EXDEV}
		}
		return nil
	}}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	after, err := os.Stat(r.path("done/a.csv"))
	if err != nil || !after.ModTime().Equal(before.ModTime()) || r.read("done/a.csv") != goodCSV {
		t.Errorf("%v %v", after, err)
	}
	if len(r.names("in")) != 0 || !r.exists("done/a.csv.protocol.txt") {
		t.Errorf("folder %q, archive %q", r.names("in"), r.names("done"))
	}
}

func TestArchiveOverwritesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone))
	r.write("done/a.csv", "somebody else's")
	r.write("in/a.csv", goodCSV)
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if got := r.names("done"); len(got) != 3 || r.read("done/a.csv") != "somebody else's" {
		t.Errorf("archive: %q", got)
	}
}

func TestFailedFolder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, "archive {\n    folder = \"done\"\n    failed_folder = \"failed\"\n  }", "protocol {\n    failed = \"Abgewiesen: +[1-9]\"\n  }"))
	r.write("in/bad.csv", "a;b\n1;\"x\n")
	r.write("in/good.csv", rows("1"))
	r.write("in/warned.csv", "PersonalNr;Name;Vorname\n;Müller;Jörg\n")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 2, 0, 0, 0)
	if got := r.names("done"); !slices.Equal(got, []string{"good.csv", "good.csv.protocol.txt"}) {
		t.Errorf("done: %q", got)
	}
	got := r.names("failed")
	for _, name := range []string{"bad.csv", "bad.csv.errors.txt", "bad.csv.errors.json", "bad.csv.errors.csv", "warned.csv", "warned.csv.protocol.txt"} {
		if !slices.Contains(got, name) {
			t.Errorf("failed lacks %s: %q", name, got)
		}
	}
	if left := r.names("in"); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

func TestKeepByNumber(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, "archive {\n    folder = \"done\"\n    keep = 2\n  }"))
	r.write("done/foreign.csv", "not ours")
	for i, name := range []string{"1.csv", "2.csv", "3.csv", "4.csv"} {
		r.write("in/"+name, rows(name))
		r.apply(cfg, engine.PlanOptions{})
		if i == 0 {
			r.write("done/1.csv", "changed by somebody")
		}
	}
	for name, want := range map[string]bool{"1.csv": true, "2.csv": false, "3.csv": true, "4.csv": true, "foreign.csv": true} {
		if r.exists("done/"+name) != want {
			t.Errorf("%s is kept: %v", name, !want)
		}
	}
}

func TestKeepByAge(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, "archive {\n    folder = \"done\"\n    keep = \"10d\"\n  }"))
	r.write("in/1.csv", rows("1"))
	r.apply(cfg, engine.PlanOptions{})
	r.now = func() time.Time { return time.Now().AddDate(0, 0, 9) }
	r.write("in/2.csv", rows("2"))
	r.apply(cfg, engine.PlanOptions{})
	if !r.exists("done/1.csv") {
		t.Error("deleted too early")
	}
	r.now = func() time.Time { return time.Now().AddDate(0, 0, 11) }
	r.write("in/3.csv", rows("3"))
	r.apply(cfg, engine.PlanOptions{})
	if r.exists("done/1.csv") {
		t.Errorf("archive: %q", r.names("done"))
	}
}

// TestSwapDuringTheMove: whoever replaces the file in the instant between the last look and the move has dropped new
// content. It is not in the archive as something that was sent.
func TestSwapDuringTheMove(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone))
	r.write("in/a.csv", rows("1"))
	r.fs = &tamperFs{Fs: afero.NewOsFs(), rename: func(from, to string) error {
		if from == r.path("in/a.csv") && to == r.path("done/a.csv") {
			r.write("in/new", rows("2"))
			return os.Rename(r.path("in/new"), r.path("in/a.csv"))
		}
		return nil
	}}
	r.apply(cfg, engine.PlanOptions{})
	r.fs = afero.NewOsFs()
	r.apply(cfg, engine.PlanOptions{})
	if n := len(r.box.Imports()); n != 2 {
		t.Errorf("%d imports: what was dropped last was never sent; folder %q, archive %q", n, r.names("in"), r.names("done"))
	}
}

// TestMarkerOfNewContentStays: the marker goes with the file that it let be taken, not with what took that file's place.
func TestMarkerOfNewContentStays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(head + with(staff, toDone, `ready_file = "${file.stem}.done"`))
	r.write("in/a.csv", rows("1"))
	r.write("in/a.done", "")
	r.fs = &tamperFs{Fs: afero.NewOsFs(), create: func(name string) error {
		if strings.Contains(name, "a.csv.protocol.txt") {
			r.write("in/a.csv", rows("2"))
			r.write("in/a.done", "again")
		}
		return nil
	}}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	r.fs = afero.NewOsFs()
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] content changed")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	if left := r.names("in"); len(left) != 0 || len(r.box.Imports()) != 2 {
		t.Errorf("left %q, %d imports", left, len(r.box.Imports()))
	}
}
