package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// figureServer speaks as much of perbit as an import needs, at once and without any work of its own: what is measured or
// counted beside it is the program. It knows a file by its bytes.
type figureServer struct {
	url    string
	unread bool // throw bodies away, for one that is too large to be hashed beside the program

	mu      sync.Mutex
	changed *sync.Cond // something has arrived
	got     map[[sha256.Size]byte][]time.Time
	first   time.Time // when the first upload began
	uploads int       // begun
	whole   int       // ended
	stalled chan struct{}
}

func newFigureServer(t testing.TB) *figureServer {
	f := &figureServer{got: map[[sha256.Size]byte][]time.Time{}}
	f.changed = sync.NewCond(&f.mu)
	server := httptest.NewServer(f)
	t.Cleanup(func() {
		f.resume()
		server.Close()
	})
	f.url = server.URL
	return f
}

// ServeHTTP answers one call (perbit 2.2.1, 2.2.2, 2.2.5, 2.2.6, 2.2.8).
func (f *figureServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("ImportAction") {
	case "Login":
		_, _ = io.WriteString(w, `{"SecurityId": "11111111-2222-3333-4444-555555555555"}`)
	case "Import":
		f.take(w, r)
	case "GetProgress":
		_, _ = io.WriteString(w, `{"IsCanceled": false, "IsCompleted": true, "IsFaulted": false, "ProgressMessage": "100%", "ProgressValue": "100"}`)
	case "GetProtocol":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "Importprotokoll\r\nDer Import wurde ohne Fehler beendet.\r\n")
	default: // Logout, and what is sent to be thrown away
		_ = discard(r.Body)
	}
}

// take notes a file that arrives whole. What breaks off was no import.
func (f *figureServer) take(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	f.mu.Lock()
	if f.uploads++; f.first.IsZero() {
		f.first = at
	}
	number, stalled := f.uploads, f.stalled
	f.changed.Broadcast()
	f.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
	h := sha256.New()
	read := func() error { _, err := io.Copy(h, r.Body); return err }
	if f.unread {
		read = func() error { return discard(r.Body) }
	}
	if err := read(); err != nil {
		panic(http.ErrAbortHandler)
	}
	f.mu.Lock()
	digest := [sha256.Size]byte(h.Sum(nil))
	f.got[digest] = append(f.got[digest], at)
	f.whole++
	f.changed.Broadcast()
	f.mu.Unlock()
	fmt.Fprintf(w, `{"ImportId": "00000000-0000-0000-0000-%012d"}`, number)
}

// discard reads to the end, in pieces that cost the machine less than those of io.Discard: it is shared with the program.
func discard(r io.Reader) error {
	piece := make([]byte, 256<<10)
	for {
		if _, err := r.Read(piece); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// stall keeps every upload from now on waiting for its answer until resume.
func (f *figureServer) stall() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stalled = make(chan struct{})
}

func (f *figureServer) resume() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stalled != nil {
		close(f.stalled)
		f.stalled = nil
	}
}

// await waits until the condition, which is looked at under the lock whenever something arrives, holds.
func (f *figureServer) await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	late := false
	overdue := time.AfterFunc(20*time.Minute, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		late = true
		f.changed.Broadcast()
	})
	defer overdue.Stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	for !holds() {
		if late {
			t.Fatalf("%s: %d uploads begun, %d ended", what, f.uploads, f.whole)
		}
		f.changed.Wait()
	}
}

// arrived is when the file's upload began; the zero time while it has not ended. The caller holds the lock.
func (f *figureServer) arrived(text []byte) time.Time {
	if at := f.got[sha256.Sum256(text)]; len(at) > 0 {
		return at[0]
	}
	return time.Time{}
}

// figureSite is a project in a folder with the real program over it.
type figureSite struct {
	t      testing.TB
	binary string
	dir    string
	server *figureServer
}

// figureImport is the import that most figures are about; OPTIONS stands for what one of them adds.
const figureImport = `
connection "perbit" "hr" {
  url         = "URL"
  customer_id = "11111111-1111-1111-1111-111111111111"
  username    = "figures"
  password    = secret("env:PERBIT_PASSWORD")
  parallel    = PARALLEL
}

import "staff" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "Mitarbeiter"
  method     = "Import Mitarbeiterstammdaten Standard"
  OPTIONS
}
`

func newFigureSite(t testing.TB, binary, parallel, options string) *figureSite {
	t.Helper()
	s := &figureSite{t: t, binary: binary, dir: t.TempDir(), server: newFigureServer(t)}
	text := strings.NewReplacer("URL", s.server.url, "PARALLEL", parallel, "OPTIONS", options).Replace(figureImport)
	if err := os.WriteFile(s.path("main.hcl"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"in", "aside"} {
		if err := os.Mkdir(s.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *figureSite) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

func (s *figureSite) write(name string, text []byte) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), text, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// figureFile is a small file that no other number has.
func figureFile(i int) []byte {
	return fmt.Appendf(nil, "PersonalNr;Name;Vorname\r\n%d;Müller;Jörg\r\n", 100000+i)
}

// fill writes n small files into a folder.
func (s *figureSite) fill(dir string, n int) {
	s.t.Helper()
	for i := range n {
		s.write(dir+"/"+figureName(i), figureFile(i))
	}
}

func figureName(i int) string { return "f" + strconv.Itoa(i) + ".csv" }

// command is the program in the project's folder; it is killed when ctx ends.
func (s *figureSite) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.binary, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "PERBIT_PASSWORD=x", "TZ=UTC")
	return cmd
}

// apply runs the program to its good end.
func (s *figureSite) apply() {
	s.t.Helper()
	if out, err := s.command(context.Background(), "apply", "-auto-approve").CombinedOutput(); err != nil {
		s.t.Fatalf("apply: %v\n%s", err, out)
	}
}

// watching is a watch that serves.
type watching struct {
	s    *figureSite
	cmd  *exec.Cmd
	said *bytes.Buffer
}

// watch starts a watch.
func (s *figureSite) watch() *watching {
	s.t.Helper()
	w := &watching{s: s, cmd: s.command(context.Background(), "watch", "-auto-approve"), said: &bytes.Buffer{}}
	w.cmd.Stdout, w.cmd.Stderr = w.said, w.said
	if err := w.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return w
}

// stop interrupts the watch, waits for its end and returns what it said.
func (w *watching) stop() string {
	w.s.t.Helper()
	if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
		w.s.t.Fatal(err)
	}
	if err := w.cmd.Wait(); err != nil {
		w.s.t.Errorf("watch: %v\n%s", err, w.said)
	}
	return w.said.String()
}
