// Package ledger is the durable record of what dropform applied, meant to do, did, and does not know.
//
// It promises:
//   - An effect that may have left this machine is on disk before its first byte does (Begin), and its outcome is booked to
//     the attempt that sent it (Accepted, Finish), never to whatever is current.
//   - A second intent for the same business key is refused by a unique constraint of the database, not by an if: the same
//     content for the same object and method of the same system, the same slot of the same export. Names compare
//     trimmed, NFC and case-folded. Only the last request for a key is ever attempted anew.
//   - Every change of state is a compare-and-set on (id, state, epoch). Who was overtaken gets ErrOvertaken and has
//     changed nothing.
//   - Readers (plan, status, history, show) never wait for a writer, and a Reader changes nothing; while no process has
//     the ledger open it writes no byte anywhere.
//   - No secret, no session id and no content of a file is stored: only digests, names, counts and the server's first
//     line of text.
//
// It does not decide anything: which state asks for which step is the engine's business.
//
// Calls that write at the same time share a transaction and its flush; each returns when it is durable, and fails alone.
//
// # What a crash leaves
//
// A piece of work in StateSending may have reached the server: once its owner's process lock is free it becomes
// StateUnknown (Recover) and waits for a person. Work in StateRunning has the server's id and is resumed. A filing row is
// a move that was decided together with an outcome; it is carried out again until it is gone.
//
// # Processes
//
// Whoever may send registers with Join and holds an operating system lock for its life. A claim whose owner's lock is
// free is taken over at once; leases, by the database's clock, decide only where locks cannot be seen.
package ledger
