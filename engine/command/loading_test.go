package command

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dropform/engine"
	"dropform/engine/diag"
)

type guarded struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (g *guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(p)
}

// A configuration that takes long is announced well within a tenth of a second, once, and one that does not is not; no
// program that reads a document sees the line.
func TestLongReadingIsAnnounced(t *testing.T) {
	for _, c := range []struct {
		name  string
		takes time.Duration
		aloud bool
		aside bool
		want  string
		err   string
	}{
		{"long", time.Second, true, false, "Reading the configuration...\n", ""},
		{"short", 20 * time.Millisecond, true, false, "", ""},
		{"for a program", time.Second, false, false, "", ""},
		{"beside a document", time.Second, true, true, "", "Reading the configuration...\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				out, errs := &guarded{}, &guarded{}
				s := &session{aloud: c.aloud, aside: c.aside, spoken: &atomic.Value{}, App: &App{Stdout: out, Stderr: errs, Load: func(LoadRequest) (*engine.Config, diag.List) {
					time.Sleep(c.takes)
					return nil, nil
				}}}
				s.spoken.Store(english)
				s.read(nil)
				s.read(nil) // as after a question, or an edit that watch takes up
				if got := out.b.String(); got != c.want {
					t.Errorf("%q is on the screen, want %q", got, c.want)
				}
				if got := errs.b.String(); got != c.err {
					t.Errorf("%q is on standard error, want %q", got, c.err)
				}
			})
		})
	}
}
