// Package ledger is the durable record of what dropform applied, meant to do, did, and does not know.
//
// It promises:
//   - An effect that may have left this machine is on disk before its first byte does (Begin, BeginCall), and its outcome
//     is booked to the attempt that sent it (Accepted, Finish), never to whatever is current.
//   - A second intent for the same business key is refused by a unique constraint of the database, not by an if: the same
//     content for the same object and method of the same system, the same slot of the same export, the same line of the
//     same file for the same kind of rule. Names compare trimmed, NFC and case-folded. Only the last request for a key is
//     ever attempted anew.
//   - A position, a document, a PositionGuid and an ExtPchNbr of a system are with one call at most (Hold), from its
//     intent on, for ever, unless the call certainly came to nothing. Two calls that both had one before their systems
//     were found to be one, or that a person adopted, both guard it.
//   - An approval is good for one attempt at exactly the call that was approved (BeginCall); only an attempt that sent
//     nothing gives it back.
//   - Every change of state is a compare-and-set on (id, state, epoch). Who was overtaken gets ErrOvertaken and has
//     changed nothing.
//   - Readers (plan, status, history, show) never wait for a writer, and a Reader changes nothing; while no process has
//     the ledger open it writes no byte anywhere.
//   - No secret, no session id and, of imports and exports, no content of a file is stored: only digests, names, counts
//     and the server's first line of text. Of a call the fields that were sent and those that came back are stored, with
//     delivery address and prices, because later rules and people ask for them; and for an approval the prices shown. The
//     envelope, with the user's code and key, and images are not.
//
// It does not decide anything: which state asks for which step is the engine's business.
//
// Calls that write at the same time share a transaction and its flush; each returns when it is durable, and fails alone. The
// flush is ours, of SQLite's log: others write while the disk answers, and an intent that could not be flushed is taken back.
// Two things survive the process but are not flushed by themselves: claims mean nothing after a power cut, and moves that were
// made are found made. The server's id is answered first and flushed a few milliseconds later, if no other write does it.
//
// # What a crash leaves
//
// A piece of work in StateSending may have reached the server: once its owner's process lock is free it becomes
// StateUnknown (Recover) and waits for a person. Work in StateRunning has the server's id and is resumed. A filing row is
// a move that was decided together with an outcome, an owed line one of a result CSV; both are carried out again until
// they are gone.
//
// # Processes
//
// Whoever may send registers with Join and holds an operating system lock for its life. A claim whose owner's lock is
// free is taken over at once; leases, by the database's clock, decide only where locks cannot be seen.
package ledger
