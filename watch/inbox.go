package watch

import "sync"

// notice is what was heard about one name since its folder last looked.
type notice uint8

const (
	created notice = 1 << iota // came into being: created, renamed or linked in
	written                    // its content was written
	gone                       // removed, or renamed away
	asked                      // nothing was heard; somebody wants it looked at
)

// maxNames bounds the names that wait in one inbox. Beyond it the names are
// worth less than a listing, which costs the same for any burst.
const maxNames = 4096

// inbox is where a folder's owner finds what others have to tell it. Whoever
// puts something in holds the lock for a map insertion and never for I/O; the
// owner takes everything at once.
type inbox struct {
	keep func(name string) bool // nil: every name; pure and fast, the reader calls it
	wake chan struct{}          // capacity 1

	mu sync.Mutex
	in news
}

// news is the content of an inbox. Its fields belong to one moment: a proof in
// it covers the names that came with it or before.
type news struct {
	names     map[string]notice
	lost      bool // names were dropped or never told: only a listing helps
	overflows int  // times that lost was set by the system or by maxNames
	root      bool // something happened to the folder itself
	renewed   bool // all watches are gone
	rescan    bool // Rescan was called
	folder    *Folder
	proved    uint64 // highest number whose proof of silence is complete
}

func newInbox(keep func(string) bool) *inbox {
	return &inbox{keep: keep, wake: make(chan struct{}, 1)}
}

// take empties the inbox. What was proved stays: it only grows.
func (b *inbox) take() news {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.in
	b.in = news{proved: in.proved}
	return in
}

func (b *inbox) tell(change func(in *news)) {
	b.mu.Lock()
	change(&b.in)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *inbox) put(name string, n notice) {
	if b.keep != nil && !b.keep(name) {
		return
	}
	b.tell(func(in *news) {
		switch {
		case in.lost:
		case len(in.names) >= maxNames:
			in.names, in.lost = nil, true
			in.overflows++
		case in.names == nil:
			in.names = map[string]notice{name: n}
		default:
			in.names[name] |= n
		}
	})
}

func (b *inbox) overflow() {
	b.tell(func(in *news) {
		in.names, in.lost = nil, true
		in.overflows++
	})
}
