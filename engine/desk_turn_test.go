package engine_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"dropform/engine/faultfs"
	"dropform/engine/sandbox"
)

// TestRewrittenWhileItWaitsForItsTurn: on a network share nobody can say whether a file is being written. One that was complete
// waits for the server to be done with another, and is written anew, slowly, while its turn comes. It goes out once, whole.
func TestRewrittenWhileItWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	inWorld(t, worldTraits{blind: true, jobTime: time.Minute}, plainShape(), func(w *world) {
		w.watch(-1)
		w.put(w.path("in/a.csv"), "PersonalNr;Name\n1;Ada\n")
		w.pass(10 * time.Second)
		w.put(w.path("in/b.csv"), "PersonalNr;Name\n2;Bea\n")
		w.pass(30 * time.Second)
		if all := w.box.Imports(); len(all) != 1 {
			w.t.Fatalf("%d imports: b.csv does not wait", len(all))
		}
		lines := []string{"PersonalNr;Name\n"}
		for i := range 60 {
			lines = append(lines, fmt.Sprintf("%d;Cem\n", 100+i))
		}
		path := w.path("in/b.csv")
		w.begun(path, strings.Join(lines, ""))
		for i := range lines {
			w.must(os.WriteFile(path, []byte(strings.Join(lines[:i+1], "")), 0o644))
			at := time.Now()
			w.must(os.Chtimes(path, at, at)) // the disk knows nothing of the world's clock
			w.announce(path, fsnotify.Write)
			w.pass(time.Second)
			w.check()
		}
		w.ended(path, fsnotify.Write)
		w.pass(5 * time.Minute)
		if all := w.box.Imports(); len(all) != 2 {
			w.t.Fatalf("%d imports", len(all))
		}
	})
}

// TestWaitingFilesAreReadOnce: while the server is down, a file that does not change is read once, however often the connection
// is tried; one that changes is read again, and what goes out in the end is what lies there then.
func TestWaitingFilesAreReadOnce(t *testing.T) {
	t.Parallel()
	inWorld(t, worldTraits{}, plainShape(), func(w *world) {
		var mu sync.Mutex
		opened := map[string]int{}
		w.disk.Before = func(op faultfs.Op, path string) error {
			if op == faultfs.OpOpen {
				mu.Lock()
				defer mu.Unlock()
				opened[filepath.Base(path)]++
			}
			return nil
		}
		reads := func(name string, least, most int) {
			w.t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if n := opened[name]; n < least || n > most {
				w.t.Fatalf("%s was opened %d times", name, opened[name])
			}
		}
		w.wire.setDown(true)
		w.watch(-1)
		for _, name := range []string{"a.csv", "b.csv", "c.csv"} { // the first is opened with each try, to be sent
			w.put(w.path("in/"+name), "PersonalNr;Name\n1;"+name+"\n")
		}
		w.pass(20 * time.Minute)
		reads("b.csv", 1, 1)
		reads("c.csv", 1, 1)
		w.put(w.path("in/c.csv"), "PersonalNr;Name\n1;later\n")
		w.pass(20 * time.Minute)
		reads("b.csv", 1, 1)
		reads("c.csv", 2, 3) // it may be looked at while it is written
		w.wire.setDown(false)
		w.pass(20 * time.Minute)
		if n := len(w.box.Imports()); n != 3 {
			w.t.Fatalf("%d imports", n)
		}
	})
}

// TestNewFileWaitsItsTurn: the server refused the first of several files for want of a right, and the others were put back.
// A file that is dropped when the right is there again does not overtake them.
func TestNewFileWaitsItsTurn(t *testing.T) {
	t.Parallel()
	inWorld(t, worldTraits{}, plainShape(), func(w *world) {
		w.must(w.box.Inject(sandbox.Fault{
			Kind: sandbox.FaultStatus, Action: "Import", Times: 1, Status: http.StatusBadRequest,
			Body: "Um diese Aktion auszuführen sind Berechtigungen erforderlich.",
		}))
		w.watch(-1)
		text := map[string]string{}
		put := func(name string) {
			text[name] = "PersonalNr;Name\n1;" + name + "\n"
			w.put(w.path("in/"+name), text[name])
		}
		for _, name := range []string{"a.csv", "b.csv", "c.csv"} {
			put(name)
		}
		w.pass(4 * time.Second)
		put("d.csv")
		w.pass(time.Second)
		put("e.csv")
		w.pass(10 * time.Minute)
		var got []string
		for _, i := range w.box.Imports() {
			for name, text := range text {
				if sum := sha256.Sum256([]byte(text)); hex.EncodeToString(sum[:]) == i.SHA256 {
					got = append(got, name)
				}
			}
		}
		if want := []string{"b.csv", "c.csv", "d.csv", "e.csv"}; !slices.Equal(got, want) {
			w.t.Fatalf("imported %v, want %v", got, want)
		}
	})
}
