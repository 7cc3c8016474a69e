package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/afero"
)

// rootCheck is how often a folder is compared with the one that was armed. An
// unmounted, over-mounted or re-pointed folder brings neither event nor error.
const rootCheck = 30 * time.Second

// root keeps one directory under watch: it notices when the directory is gone
// or another one, adds the watch again, and knows why it cannot. It belongs to
// one goroutine, which calls tend when at has come or something happened.
type root struct {
	fs     afero.Fs
	hub    *hub
	box    *inbox
	remote func(path string) string
	path   string

	at      time.Time   // when to tend next
	id      fs.FileInfo // the directory as armed; nil: not attached
	real    string      // path that is or should be watched, links resolved; "": neither
	epoch   uint64      // of the watch
	network string      // the file system, if events would not come
	lost    error       // why the directory could not be listed
	missed  error       // why it is polled although events would come
	tries   backoff
	rearms  int // times a watch was added again
	armed   bool
}

// tend looks after the directory. It says whether to list it, because the watch
// was just put in place or put back, and whether it is another directory than
// the one known so far. The order matters: a file that comes after the watch is
// told, one that came before is listed.
func (r *root) tend(now time.Time) (list, other bool) {
	fi, err := r.fs.Stat(r.path)
	if err == nil && !fi.IsDir() {
		err = fmt.Errorf("%s is not a folder", r.path)
	}
	if err != nil {
		r.lose(err, now)
		return false, true
	}
	same := r.id != nil && sameDir(r.id, fi)
	r.at = now.Add(rootCheck)
	evented := r.evented()
	if same && (r.network != "" || evented && r.hub.alive(r.real, r.epoch)) {
		return false, false
	}
	r.detach()
	r.arm(fi, now)
	return !same || evented || r.evented(), !same
}

// arm attaches to the directory that fi describes. That directory and the one
// watched may differ if it was exchanged at this very moment; then the next
// tend comes at once.
func (r *root) arm(fi fs.FileInfo, now time.Time) {
	r.id, r.missed = fi, nil
	sameDir(fi, fi) // Windows reads the identity when first asked: before it can change
	if r.network = r.remote(r.path); r.network != "" {
		return
	}
	// Without a watch the hub still tells when the source is open again.
	r.real = resolve(r.path)
	epoch, err := r.hub.watch(r.real, r.box)
	if err != nil {
		r.missed = explain(err)
		return
	}
	r.epoch = epoch
	if r.armed {
		r.rearms++
	}
	r.armed = true
	if after, err := r.fs.Stat(r.path); err != nil || !sameDir(fi, after) {
		r.at = now
	}
}

// lose gives the directory up until it can be listed again.
func (r *root) lose(err error, now time.Time) {
	r.detach()
	r.lost, r.missed, r.network = err, nil, ""
	r.at = now.Add(r.tries.next())
}

// well notes that the directory was listed.
func (r *root) well() {
	r.lost = nil
	r.tries.reset()
}

func (r *root) detach() {
	if r.real != "" {
		r.hub.unwatch(r.real, r.box)
	}
	r.id, r.real = nil, ""
}

func (r *root) attached() bool { return r.id != nil }

// evented says whether the directory has a watch, as far as is known.
func (r *root) evented() bool { return r.real != "" && r.missed == nil }

// trouble is why the directory is not served in full; nil if it is.
func (r *root) trouble() error {
	if r.lost != nil {
		return r.lost
	}
	return r.missed
}

// sameDir compares two descriptions of a directory. Where the file system gives
// no identity (in memory), a directory is always the same.
func sameDir(a, b fs.FileInfo) bool {
	return a.Sys() == nil || b.Sys() == nil || os.SameFile(a, b)
}

// resolve makes path absolute and follows its links, because the system reports
// two paths to one directory under one of them only.
func resolve(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
}

// explain says what to do about the limits that watches run into.
func explain(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the folder is polled: no more watches (raise fs.inotify.max_user_watches): %w", err)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("the folder is polled: no more watchers (raise fs.inotify.max_user_instances): %w", err)
	}
	return fmt.Errorf("the folder is polled: %w", err)
}
