// Package perbit is the client of perbit's two streams, ImportStream.ashx and ExportStream.ashx.
//
// It promises that every call ends in a result or in an [Error] that says what is certain: whether the request was not
// sent, was refused, or whether that is unknown. It sends each start of an import at most once: no redirect is
// followed, no body is replayed, nothing is retried here. The one exception is a [Session], which repeats a start that
// the server refused because the session was gone; the vendor documents that refusal as happening before the start
// (perbit 2.4, 3.4).
//
// It promises further that no credential, session id or address with its query appears in an error, and that the bytes
// of protocols and results are handed on as the server sent them.
//
// It does not decide what to do about an error, does not write files and does not know the ledger: that is the engine,
// its only caller. [Client] has the vendor's actions one to one; [Session] is what jobs use, because it shares one
// login per stream among all of them.
package perbit
