package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/engine"
	"dropform/engine/faultfs"
	"dropform/engine/ledger"
)

// cutOff has a process die while it copies a file to its archive, which lies on another volume.
func cutOff(r *rig, cfg *engine.Config) {
	r.t.Helper()
	dead, disk := false, faultfs.New(afero.NewOsFs())
	disk.Volume(r.path("done"))
	disk.Before = func(op faultfs.Op, path string) error {
		dead = dead || op == faultfs.OpChtimes && strings.Contains(path, "dropform-tmp") // copied, and not yet named
		if dead {
			return errors.New("killed")
		}
		return nil
	}
	r.fs = disk
	r.apply(cfg, engine.PlanOptions{})
	disk.Before = nil
	if left := r.temps(); len(left) != 1 {
		r.t.Fatalf("the copy left %q", left)
	}
}

// TestCopyThatACrashCutOff: the process dies while it copies. The next run moves the file, and nothing of the first copy is
// left.
func TestCopyThatACrashCutOff(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("in/a.csv", goodCSV)
	cfg := r.load(head + with(staff, inDone))
	cutOff(r, cfg)
	r.apply(cfg, engine.PlanOptions{})
	if left := r.temps(); len(left) > 0 || r.exists("in/a.csv") || r.read("done/a.csv") != goodCSV {
		t.Errorf("temporary files %q, in the folder %q, in the archive %q", left, r.names("in"), r.names("done"))
	}
}

// TestCopyOfABlockThatIsGone: an edit takes the block away that died while it copied, so nobody carries the move out. What it
// left goes all the same, by an apply as by a watch, once nobody can be writing it any more.
func TestCopyOfABlockThatIsGone(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*rig, *engine.Config){
		"apply": func(r *rig, cfg *engine.Config) { r.apply(cfg, engine.PlanOptions{}) },
		"watch": func(r *rig, cfg *engine.Config) { r.serve(cfg, true).end() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			shift := time.Duration(0)
			r.now = func() time.Time { return time.Now().Add(shift) }
			r.write("in/a.csv", goodCSV)
			cutOff(r, r.load(head+with(staff, inDone)))
			without := r.load(head)
			run(r, without)
			if left := r.temps(); len(left) != 1 {
				t.Fatalf("somebody might be writing it still: %q", left)
			}
			shift = 2 * time.Minute
			run(r, without)
			if left := r.temps(); len(left) > 0 || !r.exists("in/a.csv") {
				t.Errorf("left %q, in the folder %q", left, r.names("in"))
			}
		})
	}
}

// TestFolderThatNothingLeadsToAnyMore: a process died while it wrote there, and then the export went, or writes elsewhere, or
// the import has another drop folder.
func TestFolderThatNothingLeadsToAnyMore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, after, folder string }{
		"export gone":    {crashExport, "", "out"},
		"other target":   {crashExport, strings.Replace(crashExport, "out/", "elsewhere/", 1), "out"},
		"import gone":    {staff, "", "in"},
		"other folder":   {staff, strings.Replace(staff, `"in"`, `"in2"`, 1), "in"},
		"other archive":  {with(staff, inDone), with(staff, strings.Replace(inDone, `"done"`, `"old"`, 1)), "done"},
		"other protocol": {with(staff, "protocol {\n    path = \"../protocols/${file.stem}.txt\"\n  }"), staff, "protocols"},
	} {
		for command, run := range map[string]func(*rig, *engine.Config){
			"apply": func(r *rig, cfg *engine.Config) { r.apply(cfg, engine.PlanOptions{}) },
			"watch": func(r *rig, cfg *engine.Config) { r.serve(cfg, true).end() },
		} {
			t.Run(name+", "+command, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				shift := time.Duration(0)
				r.now = func() time.Time { return time.Now().Add(shift) }
				r.write("in/a.csv", goodCSV)
				r.apply(r.load(head+c.before), engine.PlanOptions{})
				r.write(c.folder+"/.x.csv.abcdefghijkl.dropform-tmp", "half")
				after := r.load(head + c.after)
				run(r, after)
				shift = 2 * time.Minute
				run(r, after)
				if left := r.temps(); len(left) > 0 {
					t.Errorf("left %q", left)
				}
				r.view(func(v *ledger.View) error {
					found, err := v.Abandoned("")
					if slices.ContainsFunc(found, func(s ledger.Scratch) bool { return s.Folder == r.path(c.folder) }) {
						t.Errorf("still looked for: %+v", found)
					}
					return err
				})
			})
		}
	}
}

// TestWhatACrashLeftGrowsOld: nobody knows any more what the process that died was writing into a folder of targets. It goes
// once it is too old to be somebody else's, also where that is only after this process began.
func TestWhatACrashLeftGrowsOld(t *testing.T) {
	r := newRig(t)
	shift := time.Duration(0)
	r.now = func() time.Time { return time.Now().Add(shift) }
	cfg := r.load(head + crashExport)
	r.apply(cfg, engine.PlanOptions{})
	r.write("out/.other.done.abcdefghijkl.dropform-tmp", "half")
	s := r.session(false)
	defer s.close(t)
	for _, want := range []int{1, 0} {
		plan, err := r.planner(s.l).Plan(t.Context(), cfg, engine.PlanOptions{Replace: []string{"export.all"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.r.Apply(t.Context(), t.Context(), cfg, plan); err != nil {
			t.Fatal(err)
		}
		if left := r.temps(); len(left) != want {
			t.Errorf("after %s: %q", shift, left)
		}
		shift = 2 * time.Minute
	}
}

// TestReportThatCouldNeitherBeWrittenNorRemoved: the disk is full, and nothing may be removed from the folder. What stands there
// half written goes with the next run, once both are mended.
func TestReportThatCouldNeitherBeWrittenNorRemoved(t *testing.T) {
	r := newRig(t)
	cfg := r.load(head + staff)
	r.apply(cfg, engine.PlanOptions{})
	r.write("in/a.csv", "PersonalNr;Name\n\"9001;Ada\n")
	disk := faultfs.New(afero.NewOsFs())
	r.fs = disk
	full, closed := true, true
	disk.Before = func(op faultfs.Op, path string) error {
		if strings.Contains(path, "dropform-tmp") && (full && op == faultfs.OpWrite || closed && op == faultfs.OpRemove) {
			return errors.New("no room")
		}
		return nil
	}
	s := r.session(false)
	defer s.close(t)
	for try, want := range []int{1, 2, 0} {
		plan, err := r.planner(s.l).Plan(t.Context(), cfg, engine.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.r.Apply(t.Context(), t.Context(), cfg, plan); err != nil {
			t.Fatal(err)
		}
		if left := r.temps(); len(left) != want {
			t.Errorf("try %d: %q", try, left)
		}
		if closed = try < 1; !closed {
			full = false
		}
	}
	if !r.exists("in/a.csv.errors.txt") {
		t.Errorf("no report: %q", r.names("in"))
	}
}
