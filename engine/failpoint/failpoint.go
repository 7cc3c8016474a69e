// Package failpoint marks the moments at which a crash has to be survived, and switches on engines that are known to be
// wrong. Both exist only under the build tag failpoints, for the crash programme: without it every function here is empty,
// is inlined, and leaves neither code nor a name in the binary.
//
// Under the tag, three variables of the environment say what happens:
//
//	DROPFORM_FAILPOINT=NAME[:N][=HOW][,...]   at the N-th passing (the first, where N is missing) of the point NAME, or of
//	                                          any point where NAME is *: HOW is kill (the default; SIGKILL, nothing is
//	                                          tidied up), a duration to wait, or hold: a line "failpoint NAME" goes to
//	                                          stderr, and it goes on when a byte comes on stdin
//	DROPFORM_FAILPOINT_TRACE=FILE             the name of each point that is passed is appended to FILE, a line each
//	DROPFORM_KNOWN_BAD=NAME                   one of Bads is done wrong
//
// Anybody may call it; it imports nothing of ours.
package failpoint

// Names are all points. The crash programme passes each of them, and kills the process there.
var Names = []string{
	"run.begun",                                                   // a plan is about to be carried out
	"definition.folder", "definition.apply", "definition.applied", // a block is registered
	"marker.mark", "marker.counted", "marker.marked", // a served folder bears its marker
	"job.intend", "job.intended", "job.sent", "job.answered", "job.accepted", // perbit's jobs, to their id
	"job.resumed", "job.completed", // and on
	"protocol.fetched", "protocol.kept", "protocol.written",
	"export.received", "export.checked", "export.put", "export.companions", "export.pruned",
	"call.marked", "call.intended", "call.answered", // CONBOX's calls
	"outcome.record", "outcome.recorded",
	"line.owed", "line.started", "line.appended", "line.noted", // a line of a result file
	"close.begun", "close.described", "close.recorded", // a rule's file of which nothing is open
	"reject.reported", "reject.recorded", "duplicate.recorded",
	"filing.move", "filing.moved", "filing.filed", // the archive
	"ledger.commit", "ledger.committed", // every transaction
}

// The engines that are known to be wrong.
const (
	Resend             = "resend"               // what may have been sent is sent again
	RecordAfterCall    = "record_after_call"    // the intent is recorded when the answer is there
	NoCompareAndSet    = "no_compare_and_set"   // work is changed by its id alone
	IgnoreEpoch        = "ignore_epoch"         // who was overtaken books all the same
	WrongAttempt       = "wrong_attempt"        // an answer is booked to whatever attempt is current
	DoneBeforeProtocol = "done_before_protocol" // an import is done before its protocol is on disk
)

// Bads are all of them. The crash programme must catch each, or it proves nothing.
var Bads = []string{Resend, RecordAfterCall, NoCompareAndSet, IgnoreEpoch, WrongAttempt, DoneBeforeProtocol}
