package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// The kinds of fault. Unless said otherwise a kind suits every action.
const (
	// FaultLatency waits Delay before the call is looked at.
	FaultLatency = "latency"
	// FaultCutBefore closes the connection before the body is read.
	FaultCutBefore = "cut_before"
	// FaultCutDuringRequest closes it in the middle of the body (after Limit
	// bytes, default half of Content-Length).
	FaultCutDuringRequest = "cut_during_request"
	// FaultCutAfterAccept lets the call take effect and closes without an answer.
	FaultCutAfterAccept = "cut_after_accept"
	// FaultCutDuringAnswer lets it take effect and closes after half the answer.
	FaultCutDuringAnswer = "cut_during_answer"
	// FaultStatus answers Status (default 503) with Header and Body (default an
	// HTML page); the call takes effect only with Accepted.
	FaultStatus = "status"
	// FaultHTMLLogin answers 200 with a login page; effect only with Accepted.
	FaultHTMLLogin = "html_login"
	// FaultGarbage lets a call take effect and answers 200 with Body (default
	// half a JSON object) in which no id can be read.
	FaultGarbage = "garbage"
	// FaultHideDetails turns refusals into the words "Bad Request" (perbit 3.4).
	FaultHideDetails = "hide_details"
	// FaultErrorStatus gives refusals Status (default 500) instead of 400.
	FaultErrorStatus = "error_status"
	// FaultHTMLError wraps refusals in an HTML page with character references.
	FaultHTMLError = "html_error"
	// FaultCP1252 writes answers in Windows-1252, without naming a charset.
	FaultCP1252 = "cp1252"
	// FaultEnglish gives the .NET sentences among the refusals in English.
	FaultEnglish = "english"
	// FaultLineBreak breaks the line before "Parametername:", as .NET does.
	FaultLineBreak = "line_break"
	// FaultBOM puts a UTF-8 byte order mark before every non-empty answer.
	FaultBOM = "bom"
	// FaultLostSession forgets the caller's session before the call (not Login*).
	FaultLostSession = "lost_session"
	// FaultRestart forgets all sessions before the call, with LoseJobs all jobs.
	FaultRestart = "restart"
	// FaultStuckProgress reports a job that runs on at the same value (GetProgress).
	FaultStuckProgress = "stuck_progress"
	// FaultFaultedWithoutCompleted ends the asked job with IsFaulted alone (GetProgress).
	FaultFaultedWithoutCompleted = "faulted_without_completed"
	// FaultCanceledWithoutCompleted ends it with IsCanceled alone (GetProgress).
	FaultCanceledWithoutCompleted = "canceled_without_completed"
	// FaultFailJob makes the started job end with IsFaulted and IsCompleted (starts).
	FaultFailJob = "fail_job"
	// FaultRejectRows rejects the first Rows good rows, 0 = all (import starts).
	FaultRejectRows = "reject_rows"
	// FaultSizeLimit refuses bodies over Limit bytes (import starts).
	FaultSizeLimit = "size_limit"
	// FaultNotFoundProtocol denies a protocol or result that is there (GetProtocol, GetResult).
	FaultNotFoundProtocol = "not_found_protocol"
)

// faultScope lists for each kind the actions to which it can apply; nil is all.
var faultScope = map[string][]string{
	FaultLatency: nil, FaultCutBefore: nil, FaultCutDuringRequest: nil,
	FaultCutAfterAccept: nil, FaultCutDuringAnswer: nil, FaultStatus: nil,
	FaultHTMLLogin: nil, FaultGarbage: nil, FaultHideDetails: nil,
	FaultErrorStatus: nil, FaultHTMLError: nil, FaultCP1252: nil,
	FaultEnglish: nil, FaultLineBreak: nil, FaultBOM: nil, FaultRestart: nil,
	FaultLostSession:              {"Import", "Export", "GetProgress", "GetProtocol", "GetResult", "Cancel", "Logout"},
	FaultStuckProgress:            {"GetProgress"},
	FaultFaultedWithoutCompleted:  {"GetProgress"},
	FaultCanceledWithoutCompleted: {"GetProgress"},
	FaultFailJob:                  {"Import", "LoginAndImport", "Export", "LoginAndExport"},
	FaultRejectRows:               {"Import", "LoginAndImport"},
	FaultSizeLimit:                {"Import", "LoginAndImport"},
	FaultNotFoundProtocol:         {"GetProtocol", "GetResult"},
}

// Fault is one line of the fault script. All faults that match a call apply to
// it together. Kind, Stream, Action and Tenant select calls; of those After are
// let pass, then Times (0: all until ClearFaults) are hit.
type Fault struct {
	Kind     string
	Stream   string // "Import" or "Export"; "" is both
	Action   string // e.g. "GetProgress"; "" is any that suits the kind
	Tenant   string // customer id; "" is any
	Times    int
	After    int
	Delay    time.Duration
	Status   int
	Body     string
	Header   map[string]string
	Accepted bool  // status, html_login: the call takes effect all the same
	Rows     int   // reject_rows
	Limit    int64 // bytes: size_limit, cut_during_request
	LoseJobs bool  // restart
}

// faultJSON is Fault over HTTP: the delay is text such as "250ms".
type faultJSON struct {
	Kind     string            `json:"kind"`
	Stream   string            `json:"stream,omitempty"`
	Action   string            `json:"action,omitempty"`
	Tenant   string            `json:"tenant,omitempty"`
	Times    int               `json:"times,omitempty"`
	After    int               `json:"after,omitempty"`
	Delay    string            `json:"delay,omitempty"`
	Status   int               `json:"status,omitempty"`
	Body     string            `json:"body,omitempty"`
	Header   map[string]string `json:"header,omitempty"`
	Accepted bool              `json:"accepted,omitempty"`
	Rows     int               `json:"rows,omitempty"`
	Limit    int64             `json:"limit,omitempty"`
	LoseJobs bool              `json:"lose_jobs,omitempty"`
}

// MarshalJSON writes the form of the package documentation.
func (f Fault) MarshalJSON() ([]byte, error) {
	j := faultJSON{
		f.Kind, f.Stream, f.Action, f.Tenant, f.Times, f.After, "", f.Status,
		f.Body, f.Header, f.Accepted, f.Rows, f.Limit, f.LoseJobs,
	}
	if f.Delay != 0 {
		j.Delay = f.Delay.String()
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads that form; an unknown name is an error.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var j faultJSON
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&j); err != nil {
		return err
	}
	var delay time.Duration
	if j.Delay != "" {
		var err error
		if delay, err = time.ParseDuration(j.Delay); err != nil {
			return err
		}
	}
	*f = Fault{
		j.Kind, j.Stream, j.Action, j.Tenant, j.Times, j.After, delay, j.Status,
		j.Body, j.Header, j.Accepted, j.Rows, j.Limit, j.LoseJobs,
	}
	return nil
}

func (f Fault) check() error {
	scope, known := faultScope[f.Kind]
	if !known {
		return fmt.Errorf("unknown fault kind %q", f.Kind)
	}
	if f.Action != "" && scope != nil && !slices.Contains(scope, f.Action) {
		return fmt.Errorf("fault %s does not apply to action %q, only to %s", f.Kind, f.Action, strings.Join(scope, ", "))
	}
	switch f.Stream {
	case "", string(importStream), string(exportStream):
	default:
		return fmt.Errorf("unknown stream %q, want Import or Export", f.Stream)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("status %d of fault %s is not between 200 and 599", f.Status, f.Kind)
	}
	return nil
}

func (f Fault) matches(stream stream, action, tenant string) bool {
	scope := faultScope[f.Kind]
	return (f.Stream == "" || f.Stream == string(stream)) &&
		(f.Action == "" || f.Action == action) &&
		(scope == nil || slices.Contains(scope, action)) &&
		(f.Tenant == "" || strings.EqualFold(f.Tenant, tenant))
}

// Inject arms a fault. An unknown kind, a stream that does not exist or an
// action to which the kind cannot apply is an error, and nothing is armed.
func (s *Server) Inject(fault Fault) error {
	if err := fault.check(); err != nil {
		return fmt.Errorf("inject fault: %w", err)
	}
	s.faults.arm(fault)
	return nil
}

// ClearFaults disarms all faults; calls already hit stay so.
func (s *Server) ClearFaults() { s.faults.clear() }

// faultScript holds the armed faults, oldest first.
type faultScript struct {
	mu    sync.Mutex
	armed []*Fault // Times and After count down in place
}

func (s *faultScript) arm(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.armed = append(s.armed, &f)
	}
}

func (s *faultScript) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = nil
}

func (s *faultScript) list() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Fault, len(s.armed))
	for i, f := range s.armed {
		list[i] = *f
	}
	return list
}

// take returns the faults that hit this call and counts it against them.
func (s *faultScript) take(stream stream, action, tenant string) faultSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	var hit faultSet
	s.armed = slices.DeleteFunc(s.armed, func(f *Fault) bool {
		if !f.matches(stream, action, tenant) {
			return false
		}
		if f.After > 0 {
			f.After--
			return false
		}
		hit = append(hit, *f)
		if f.Times == 0 {
			return false
		}
		f.Times--
		return f.Times == 0
	})
	return hit
}

// faultSet are the faults of one call.
type faultSet []Fault

// get returns the first fault of a kind, or nil.
func (s faultSet) get(kind string) *Fault {
	for i := range s {
		if s[i].Kind == kind {
			return &s[i]
		}
	}
	return nil
}

func (s faultSet) has(kind string) bool { return s.get(kind) != nil }
