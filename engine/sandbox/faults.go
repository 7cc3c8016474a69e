package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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
	// FaultSlowAnswer lets a call take effect and waits Delay before the answer.
	FaultSlowAnswer = "slow_answer"
	// FaultStaleNonce finds the nonce of a Digest stale (CONBOX).
	FaultStaleNonce = "stale_nonce"
	// FaultRefuse refuses a call whole, with Success false and Body as
	// ErrorMessage, if it touches Position (CONBOX, not Probe). Only such calls
	// count for After and Times.
	FaultRefuse = "refuse"
	// FaultBrokenJSON writes answers in the broken spellings of the vendor's
	// samples: Shape is "comments", "trailing_comma", "missing_comma" or "" for
	// all three (CONBOX).
	FaultBrokenJSON = "broken_json"
	// FaultKeyCase writes the keys of answers in Shape "lower" (default),
	// "upper" or "guid", which is PositionGUID for PositionGuid (CONBOX).
	FaultKeyCase = "key_case"
	// FaultNotFoundProtocol denies a protocol or result that is there (GetProtocol, GetResult).
	FaultNotFoundProtocol = "not_found_protocol"
)

// faultScope lists for each kind the actions to which it can apply; nil is all.
var faultScope = map[string][]string{
	FaultLatency: nil, FaultCutBefore: nil, FaultCutDuringRequest: nil,
	FaultCutAfterAccept: nil, FaultCutDuringAnswer: nil, FaultStatus: nil,
	FaultHTMLLogin: nil, FaultGarbage: nil, FaultHideDetails: nil,
	FaultErrorStatus: nil, FaultHTMLError: nil, FaultCP1252: nil,
	FaultEnglish: nil, FaultLineBreak: nil, FaultBOM: nil, FaultRestart: nil, FaultSlowAnswer: nil,
	FaultLostSession:              {"Import", "Export", "GetProgress", "GetProtocol", "GetResult", "Cancel", "Logout"},
	FaultStuckProgress:            {"GetProgress"},
	FaultFaultedWithoutCompleted:  {"GetProgress"},
	FaultCanceledWithoutCompleted: {"GetProgress"},
	FaultFailJob:                  {"Import", "LoginAndImport", "Export", "LoginAndExport"},
	FaultRejectRows:               {"Import", "LoginAndImport"},
	FaultSizeLimit:                {"Import", "LoginAndImport"},
	FaultNotFoundProtocol:         {"GetProtocol", "GetResult"},
	FaultStaleNonce:               append([]string{"Probe"}, conboxNames...),
	FaultRefuse:                   conboxNames,
	FaultBrokenJSON:               append([]string{"Probe", "invalid"}, conboxNames...),
	FaultKeyCase:                  append([]string{"Probe", "invalid"}, conboxNames...),
}

// conboxNames are the actions of CONBOX by both spellings of the last. Calls
// without a body are "Probe", those of no such action "invalid".
var conboxNames = []string{
	"SilentCopy", "Delete", "Purchase", "SaveDocumentAs", "SetReadyStatus", positionData, misspeltPositionData,
}

// faultShapes are the values of Shape by kind.
var faultShapes = map[string][]string{
	FaultBrokenJSON: {"", "comments", "trailing_comma", "missing_comma"},
	FaultKeyCase:    {"", "lower", "upper", "guid"},
}

// Fault is one line of the fault script. All faults that match a call apply to
// it together. Kind, Stream, Action and Tenant select calls; of those After are
// let pass, then Times (0: all until ClearFaults) are hit.
type Fault struct {
	Kind     string
	Stream   string // "Import", "Export" or "CONBOX"; "" is all
	Action   string // e.g. "GetProgress", "Purchase", "Probe"; "" is any that suits the kind
	Tenant   string // customer id; "" is any
	Times    int
	After    int
	Delay    time.Duration
	Status   int
	Body     string
	Header   map[string]string
	Accepted bool   // status, html_login: the call takes effect all the same
	Rows     int    // reject_rows
	Limit    int64  // bytes: size_limit, cut_during_request
	LoseJobs bool   // restart
	Position string // refuse: a PosNbr, DocNbr/PosNbr or GUID; "" is any
	Shape    string // broken_json, key_case
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
	Position string            `json:"position,omitempty"`
	Shape    string            `json:"shape,omitempty"`
}

// MarshalJSON writes the form of the package documentation.
func (f Fault) MarshalJSON() ([]byte, error) {
	j := faultJSON{
		f.Kind, f.Stream, f.Action, f.Tenant, f.Times, f.After, "", f.Status,
		f.Body, f.Header, f.Accepted, f.Rows, f.Limit, f.LoseJobs, f.Position, f.Shape,
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
		j.Body, j.Header, j.Accepted, j.Rows, j.Limit, j.LoseJobs, j.Position, j.Shape,
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
	case "", string(importStream), string(exportStream), string(conboxStream):
	default:
		return fmt.Errorf("unknown stream %q, want Import, Export or CONBOX", f.Stream)
	}
	if shapes := append([]string{""}, faultShapes[f.Kind]...); !slices.Contains(shapes, f.Shape) {
		return fmt.Errorf("shape %q of fault %s is none of %q", f.Shape, f.Kind, shapes)
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
