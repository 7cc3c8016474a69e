package engine_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dropform/engine/faultfs"
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
