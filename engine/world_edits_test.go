package engine_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dropform/engine/faultfs"
	"dropform/engine/sandbox"
)

// TestEditThatCannotBeAppliedYet: a watch that may apply edits starts while the folder of a new block cannot be made. It serves
// what is applied, says so once, and takes the block up when the folder can be made.
func TestEditThatCannotBeAppliedYet(t *testing.T) {
	t.Parallel()
	inWorld(t, worldTraits{autoApprove: true}, plainShape(), func(w *world) {
		w.shape.second = "other"
		w.save()
		w.disk.Inject(faultfs.Fault{Op: faultfs.OpCreate, On: "/in2/", Err: os.ErrPermission})
		watch := w.watch(-1)
		w.put(w.path("in/a.csv"), "PersonalNr;Name\n9001;Ada\n")
		w.put(w.path("in2/b.csv"), "PersonalNr;Name\n9002;Bea\n")
		w.pass(10 * time.Minute)
		if n := len(w.box.Imports()); n != 1 || watch.ended() {
			w.t.Fatalf("%d imports while the folder cannot be marked, ended: %v %v", n, watch.ended(), watch.err)
		}
		w.disk.Clear()
		w.pass(10 * time.Minute)
		if n := len(w.box.Imports()); n != 2 {
			w.t.Fatalf("%d imports after it can", n)
		}
		if n := len(slices.DeleteFunc(w.told(), func(line string) bool { return !strings.Contains(line, "rejected") })); n != 1 {
			w.t.Fatalf("it was said %d times", n)
		}
	})
}

// TestFilePassesToAnotherImport: while the server works on a file, its name passes to another import with another method. The
// file is not sent again, not even when that is done; who wants it sent says so. What is dropped later goes to the other.
func TestFilePassesToAnotherImport(t *testing.T) {
	t.Parallel()
	for name, pass := range map[string]func(*world){
		"a name":                   func(w *world) { w.shape.second = "split" },
		"a folder":                 func(w *world) { w.shape.second, w.shape.folder = "other", "in2" },
		"a block":                  func(w *world) { w.shape.block, w.shape.method = "crew", "B" },
		"a connection and a block": func(w *world) { w.shape.block, w.shape.connection, w.shape.customer = "crew", "people", otherCustomer },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shape := plainShape()
			shape.secondMethod = "B"
			inWorld(t, worldTraits{autoApprove: true, jobTime: 3 * time.Minute}, shape, func(w *world) {
				w.watch(-1)
				w.put(w.path("in/b.csv"), "PersonalNr;Name\n9001;Ada\n")
				w.pass(10 * time.Second)
				if n := len(w.box.Imports()); n != 1 {
					w.t.Fatalf("%d imports", n)
				}
				pass(w)
				w.save()
				w.pass(20 * time.Minute)
				w.check()
				w.put(w.path("in/b.csv"), "PersonalNr;Name\n9002;Bea\n")
				w.pass(20 * time.Minute)
				if all := w.box.Imports(); len(all) != 2 || all[1].Method == "A" && all[1].Tenant == sandbox.DemoCustomerID {
					w.t.Fatalf("%+v", all)
				}
			})
		})
	}
}

// TestFoldersAreExchanged between two imports while both serve: one has imported a file and, from its new folder, a newer one of
// the same name. The older one still lies in the other folder, and is not sent again by whoever serves that now.
func TestFoldersAreExchanged(t *testing.T) {
	t.Parallel()
	shape := plainShape()
	shape.second, shape.secondMethod = "other", "A"
	inWorld(t, worldTraits{autoApprove: true}, shape, func(w *world) {
		w.watch(-1)
		w.put(w.path("in2/b.csv"), "PersonalNr;Name\n9001;Ada\n")
		w.pass(time.Minute)
		w.shape.folder, w.shape.method = "in2", "B"
		w.save()
		w.put(w.path("in/b.csv"), "PersonalNr;Name\n9002;Bea\n")
		w.pass(20 * time.Minute)
		w.check()
		if n := len(w.box.Imports()); n != 2 {
			w.t.Fatalf("%d imports, want 2", n)
		}
	})
}
