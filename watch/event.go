package watch

import "time"

// Event is one piece of news: [Settled], [StillChanging], [Unmarked],
// [Degraded], [Healed], [Exchanged], [Due] or [ConfigChanged].
type Event interface{ event() }

// Settled says that a file is complete, and as which: who takes it up later, when
// somebody may write to it again, compares. Of one folder, files that settle at
// the same moment come in natural name order (file2 before file10).
type Settled struct {
	FolderID string
	Name     string // base name, spelled as in the folder's listing
	Size     int64  // bytes
	ModTime  int64  // Unix nanoseconds
}

// StillChanging says that a file has been changing, or held open by a writer,
// for ten minutes. It comes once per file, which goes on being observed.
type StillChanging struct {
	FolderID string
	Name     string
}

// Unmarked says that a complete file has been waiting for its marker for an
// hour. It comes once per file, which goes on waiting.
type Unmarked struct {
	FolderID string
	Name     string
}

// Degraded says that a folder cannot be listed, or is polled although the
// system should be reporting its events. It comes once; [Healed] ends it.
type Degraded struct {
	FolderID string
	Reason   error // never nil
}

// Healed says that a folder that was [Degraded] is served in full again.
type Healed struct{ FolderID string }

// Exchanged says that another directory stands at the folder's path than before
// (mounted over, re-pointed, put in its place), where no [Healed] says so.
type Exchanged struct{ FolderID string }

// Due says that a timer of [Watcher.SetTimers] has come by the wall clock.
type Due struct {
	ID string
	At time.Time // as it was set; the present may be much later
}

// ConfigChanged says that the content of the configuration's files, or which of
// them exist, differs from when it was last reported (first: from [New]).
type ConfigChanged struct{}

func (Settled) event()       {}
func (StillChanging) event() {}
func (Unmarked) event()      {}
func (Degraded) event()      {}
func (Healed) event()        {}
func (Exchanged) event()     {}
func (Due) event()           {}
func (ConfigChanged) event() {}
