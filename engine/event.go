package engine

import (
	"time"

	"dropform/engine/diag"
)

// Event is what a run tells while it works; text and JSON views hang on it. The set is closed.
type Event interface{ event() }

// StepStarted says that a step has begun.
type StepStarted struct {
	Action *Action
	At     time.Time
}

// StepProgress says how far a step is. Sent and Total count bytes of an upload or a download; Percent and Message are
// the server's own words about its job. A phase is "uploading", "importing", "exporting", "downloading", "waiting".
type StepProgress struct {
	Action      *Action
	Phase       string
	Sent, Total int64
	Percent     float64 // -1 where the server gave none
	Message     string
	Elapsed     time.Duration
}

// StepEnded says what became of a step.
type StepEnded struct {
	Action  *Action
	Result  Result
	Text    string // one line for people: "imported, protocol in march.csv.protocol.txt"
	Code    string // stable; empty when it went as it should
	Next    string // what to do next, where something is to be done
	Warning string // what is odd about a step that is done; Text has it too
	Elapsed time.Duration
	Quiet   bool // part of an outage that ConnectionDown has told: people need no line for it
}

// ConnectionDown says, once, that nothing more is sent to a connection and why. Queued counts what waits for it.
type ConnectionDown struct {
	Address Address
	Text    string
	Next    string
	Code    string
	Queued  int
	Retry   time.Time // when watch tries again; zero in apply
}

// ConnectionUp says that a connection that was down answers again.
type ConnectionUp struct {
	Address Address
	After   time.Duration
}

// DefinitionApplied says that a definition was registered.
type DefinitionApplied struct {
	Change *DefinitionChange
}

func (StepStarted) event()       {}
func (StepProgress) event()      {}
func (StepEnded) event()         {}
func (ConnectionDown) event()    {}
func (ConnectionUp) event()      {}
func (DefinitionApplied) event() {}

// Result is how a step ended.
type Result string

// The results of steps, and what the tally counts them as.
const (
	ResultDone       Result = "done"
	ResultWarned     Result = "done_with_errors" // counts as failed
	ResultRejected   Result = "rejected"         // counts as failed
	ResultFailed     Result = "failed"
	ResultUnknown    Result = "unknown"
	ResultWaiting    Result = "waiting"     // still running on the server; resumed by the next run
	ResultNotStarted Result = "not_started" // held back, stale, or the run was stopped
)

// Tally counts what a run did. Every run ends with one.
type Tally struct {
	Done, Failed, Waiting, Unknown, NotStarted int
	Definitions                                int
	ByKind                                     map[ActionKind]int // done steps by kind
}

// Count books one result.
func (t *Tally) Count(k ActionKind, r Result) {
	if t.ByKind == nil {
		t.ByKind = map[ActionKind]int{}
	}
	switch r {
	case ResultDone:
		t.Done++
		t.ByKind[k]++
	case ResultWarned, ResultRejected, ResultFailed:
		t.Failed++
		if r != ResultFailed {
			t.ByKind[k]++
		}
	case ResultUnknown:
		t.Unknown++
	case ResultWaiting:
		t.Waiting++
	case ResultNotStarted:
		t.NotStarted++
	}
}

// OK reports whether everything that was to be done was done.
func (t *Tally) OK() bool { return t.Failed == 0 && t.Unknown == 0 && t.NotStarted == 0 }

// Add books everything that another run did.
func (t *Tally) Add(o Tally) {
	if t.ByKind == nil {
		t.ByKind = map[ActionKind]int{}
	}
	for k, n := range o.ByKind {
		t.ByKind[k] += n
	}
	t.Done += o.Done
	t.Failed += o.Failed
	t.Waiting += o.Waiting
	t.Unknown += o.Unknown
	t.NotStarted += o.NotStarted
	t.Definitions += o.Definitions
}

// PlanMade says, in watch, what is new among the things that need a person or are wrong.
type PlanMade struct{ Plan *Plan }

// ConfigLoaded says what is served and which definitions wait to be applied. Unserved are those of the waiting blocks that
// were applied once and changed before this watch began: the ledger keeps neither secrets nor expressions, so that the
// definition before cannot be served from it.
type ConfigLoaded struct{ Serving, Waiting, Unserved []Address }

// ConfigRejected says that an edit is broken; the configuration before it is still served.
type ConfigRejected struct{ Diags diag.List }

// FolderDegraded says, once, that a folder cannot be watched.
type FolderDegraded struct {
	Address Address
	Text    string
}

// FolderHealed says that it can again.
type FolderHealed struct{ Address Address }

// FileStillChanging says, once, that a file has been changing for ten minutes. It is neither skipped nor sent.
type FileStillChanging struct{ Address Address }

// FileUnmarked says, once, that a file has been waiting for its marker (ready_file) for an hour. It goes on waiting.
type FileUnmarked struct{ Address Address }

// RunSkipped says, once, that an export let a due time pass.
type RunSkipped struct{ Skipped }

func (RunSkipped) event()        {}
func (PlanMade) event()          {}
func (ConfigLoaded) event()      {}
func (ConfigRejected) event()    {}
func (FolderDegraded) event()    {}
func (FolderHealed) event()      {}
func (FileStillChanging) event() {}
func (FileUnmarked) event()      {}
