// Package sandbox plays the vendor's servers on loopback, for the demo, for
// `dropform sandbox` and for tests. This file set holds the perbit half
// (ImportStream.ashx and ExportStream.ashx); it was written from the vendor's
// text alone and shares no type with the client, so that one misreading cannot
// cancel itself out.
//
// # What it promises
//
// Every action of both streams and every documented error message, in the
// vendor's wording. Imports really change an in-memory table, exports really
// read it. An import body is hashed and parsed while it is read and never
// kept, so memory stays flat at any size. A body that ends short leaves no
// trace at all; a body that was read to its end counts, whether or not the
// answer got out.
//
// # What it does not
//
// It keeps nothing on disk, and its records (Imports, Exports) for as long as
// it lives. A table stores at most 50,000 rows and one import
// stages at most 20,000 rows or 8 MiB of cells; what is beyond is checked and
// counted as new, but not stored.
//
// # Where the vendor's text is silent
//
// The choices here are ours: refusals have status 400; only POST is answered
// (405 else); action names are case-sensitive, parameter names are not; an id
// that was never issued or was logged out gives "Ungültiges Securitytoken!",
// one that timed out "Die Sitzung wurde nicht gefunden oder ist abgelaufen!";
// an unknown object gives the double message "Methode ist nicht
// vorhanden./Ungültiger Methodentyp."; an unknown export id gives the import
// stream's sentence with "Export-ID"; a malformed job id gives the GUID
// sentence; an empty import file is a job that reads nothing; LoginAndImport
// ignores WaitForResult, and LoginAndExport with it opens a session whose id
// nobody is told; multipart bodies and a waiting call whose job failed get a
// sentence of our own; a job that failed or was cancelled is also completed
// unless a fault says otherwise; an export criterion that cannot be compared
// selects nothing, silently, as errors inside an export are not reported.
//
// # Control over HTTP
//
// Beside the streams, under any path prefix, the handler answers at /sandbox/:
//
//	GET    /sandbox/faults  the faults that are still armed
//	POST   /sandbox/faults  a JSON list of faults to arm, or 400 and none of them
//	DELETE /sandbox/faults  disarm all
//	GET    /sandbox/state   everything that was counted and recorded, see State
//
// A fault is an object with "kind" and, as far as wanted, "stream" ("Import",
// "Export"), "action", "tenant", "times", "after", "delay" ("250ms"), "status",
// "body", "header", "accepted", "rows", "limit", "lose_jobs":
//
//	[{"kind":"status","action":"GetProgress","status":503,"times":2,"header":{"Retry-After":"1"}},
//	 {"kind":"cut_after_accept","action":"Import","times":1}]
package sandbox
