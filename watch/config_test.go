package watch_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/afero"

	"dropform/watch"
)

const conf = "/conf"

func TestConfig(t *testing.T) {
	put := func(r *rig, name, content string) {
		t.Helper()
		must(t, afero.WriteFile(r.fs, filepath.Join(conf, name), []byte(content), 0o644))
	}
	save := func(r *rig, name, content string) {
		t.Helper()
		put(r, name, content)
		r.src.send(fsnotify.Write, filepath.Join(conf, name))
	}
	edited := func(r *rig, d time.Duration, want int) {
		t.Helper()
		got := r.after(d)
		for _, ev := range got {
			if ev != (watch.ConfigChanged{}) {
				t.Errorf("unexpected %#v", ev)
			}
		}
		if len(got) != want {
			t.Errorf("at %v: %d changes, want %d", time.Since(r.begin), len(got), want)
		}
	}
	tests := map[string]func(r *rig){
		"debounced": func(r *rig) {
			save(r, "main.hcl", "b")
			edited(r, 199*ms, 0)
			edited(r, 2*ms, 1)
			edited(r, time.Hour, 0)
		},
		"many saves in a second are one change": func(r *rig) {
			for range 10 {
				save(r, "main.hcl", time.Now().String())
				edited(r, 100*ms, 0)
			}
			edited(r, 101*ms, 1)
		},
		"saves without end": func(r *rig) {
			for range 100 {
				save(r, "main.hcl", time.Now().String())
				time.Sleep(100 * ms)
			}
			if got := len(r.drain()); got < 3 || got > 6 {
				t.Errorf("%d changes in 10 s", got)
			}
			r.after(time.Second)
		},
		"identical content": func(r *rig) {
			save(r, "main.hcl", "a")
			edited(r, time.Minute, 0)
		},
		"saved by rename": func(r *rig) {
			put(r, ".main.hcl.swp", "b")
			must(t, r.fs.Rename(conf+"/main.hcl", conf+"/main.hcl~"))
			r.src.send(fsnotify.Rename, conf+"/main.hcl")
			time.Sleep(300 * ms)
			must(t, r.fs.Rename(conf+"/.main.hcl.swp", conf+"/main.hcl"))
			r.src.send(fsnotify.Create, conf+"/main.hcl")
			edited(r, 201*ms, 1)
			edited(r, time.Minute, 0)
		},
		"deleted, created empty, then written with what it held": func(r *rig) {
			must(t, r.fs.Remove(conf+"/main.hcl"))
			r.src.send(fsnotify.Remove, conf+"/main.hcl")
			time.Sleep(400 * ms)
			put(r, "main.hcl", "")
			r.src.send(fsnotify.Create, conf+"/main.hcl")
			time.Sleep(400 * ms)
			save(r, "main.hcl", "a")
			edited(r, time.Minute, 0)
		},
		"deleted for good": func(r *rig) {
			must(t, r.fs.Remove(conf+"/main.hcl"))
			r.src.send(fsnotify.Remove, conf+"/main.hcl")
			edited(r, 500*ms, 0)
			edited(r, 2*time.Second, 1)
		},
		"new files count, others do not": func(r *rig) {
			save(r, "notes.txt", "b")
			save(r, ".hidden.hcl", "b")
			edited(r, time.Minute, 0)
			save(r, "x.vars.hcl", "b")
			edited(r, time.Second, 1)
			save(r, "y.hcl.json", "{}")
			edited(r, time.Second, 1)
		},
		"a named file elsewhere": func(r *rig) {
			must(t, afero.WriteFile(r.fs, "/else/prod.values", []byte("b"), 0o644))
			r.src.send(fsnotify.Write, "/else/prod.values")
			edited(r, time.Second, 1)
		},
		"an edit of which nobody told": func(r *rig) {
			put(r, "main.hcl", "b")
			edited(r, 31*time.Second, 1)
		},
		"overflow": func(r *rig) {
			put(r, "main.hcl", "b")
			r.src.fail(fsnotify.ErrEventOverflow)
			edited(r, time.Second, 1)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(_ *watch.Folder, o *watch.Options) {
				must(t, o.FS.MkdirAll("/else", 0o755))
				must(t, afero.WriteFile(o.FS, "/else/prod.values", []byte("a"), 0o644))
				must(t, afero.WriteFile(o.FS, conf+"/main.hcl", []byte("a"), 0o644))
				o.ConfigDir, o.ConfigFiles = conf, []string{"/else/prod.values"}
			}, func(r *rig) {
				edited(r, time.Second, 0)
				test(r)
			})
		})
	}
}

func TestConfigEditedBetweenNewAndRun(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "main.hcl")
	must(t, os.WriteFile(file, []byte("a"), 0o644))
	w, err := watch.New(watch.Options{ConfigDir: dir})
	must(t, err)
	must(t, os.WriteFile(file, []byte("b"), 0o644))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	l := &liveRig{Watcher: w, t: t}
	if ev := l.next(); ev != (watch.ConfigChanged{}) {
		t.Errorf("got %#v", ev)
	}
	// Saved by rename, with the system's own events.
	must(t, os.WriteFile(file+".new", []byte("c"), 0o644))
	must(t, os.Rename(file+".new", file))
	if ev := l.next(); ev != (watch.ConfigChanged{}) {
		t.Errorf("got %#v", ev)
	}
	cancel()
	must(t, <-done)
}
