// Package sandbox plays the vendors' servers on loopback, for the demo, for
// `dropform sandbox` and for tests: perbit's streams (ImportStream.ashx and
// ExportStream.ashx) and CONBOX's Passive Actions at [ConboxPath]. It was
// written from the vendors' texts alone and shares no type with the clients, so
// that one misreading cannot cancel itself out.
//
// # What it promises
//
// Of perbit: every action of both streams and every documented error message, in the
// vendor's wording. Imports really change an in-memory table, exports really
// read it. An import body is hashed and parsed while it is read and never
// kept, so memory stays flat at any size. A body that ends short leaves no
// trace at all; a body that was read to its end counts, whether or not the
// answer got out.
//
// Of CONBOX: every action by every form of address, answered with the fields of
// the vendor's samples and numbers as they are configured or were sent. Every
// change stands in a list that only grows (Server.Effects, Server.Purchases); a
// Purchase sent twice is two purchases. What a good client never does is
// recorded, see [ProtocolFault], and never has an effect, two things excepted:
// an Idempotency-Key and a call of a PosImgURL are only recorded.
//
// # What it does not
//
// It keeps nothing on disk, and its records (Imports, Exports, Effects) for as
// long as it lives. A table stores at most 50,000 rows and one import
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
// Of CONBOX: a business refusal is a 200 with Success false, a request that
// breaks the protocol a 400 with the same JSON; a wrong content type is a 415,
// but a request without a body needs none, and is refused as empty. Keys must be
// spelt as in the samples. UserCode and Language must be there. DocTyp is a
// number that means nothing. SilentCopy makes a target document that is not
// there, and refuses a target position that is; a GUID may be joined by a whole
// target. Delete remembers what is gone. Purchase by number without PosNbr
// orders the whole document, PosData notwithstanding, and changes neither the
// document nor its amounts; a position twice in a call is refused.
// SaveDocumentAs copies any DocTyp to any, and refuses a target that is there. A
// status that is set again is a change again. The echo of a Purchase by GUID
// lacks FinalCustomerLndCde and the amounts, as the sample does.
// GetPositionData gives pictures of 48 by 48 pixels.
//
// # Control over HTTP
//
// Beside the services the handler answers at /sandbox/:
//
//	GET    /sandbox/faults  the faults that are still armed
//	POST   /sandbox/faults  a JSON list of faults to arm, or 400 and none of them
//	DELETE /sandbox/faults  disarm all
//	GET    /sandbox/state   everything that was counted and recorded, see State
//
//	GET    /sandbox/conbox/settings   how CONBOX behaves, see ConboxSettings
//	PUT    /sandbox/conbox/settings   an object with those to change
//	GET    /sandbox/conbox/documents  its documents, see ConboxDocument
//	PUT    /sandbox/conbox/documents  a list of documents to add or replace
//
// A fault is an object with "kind" and, as far as wanted, "stream" ("Import",
// "Export", "CONBOX"), "action", "tenant", "times", "after", "delay" ("250ms"),
// "status", "body", "header", "accepted", "rows", "limit", "lose_jobs",
// "position", "shape":
//
//	[{"kind":"status","action":"GetProgress","status":503,"times":2,"header":{"Retry-After":"1"}},
//	 {"kind":"cut_after_accept","action":"Import","times":1},
//	 {"kind":"status","action":"Purchase","status":500,"accepted":true,"after":1,"times":1},
//	 {"kind":"refuse","action":"Purchase","position":"101224-01/Pos02","body":"Nicht lieferbar."}]
//
// In CONBOX a fault without an action hits also the calls without a body, whose
// action is "Probe". Garbage before the effect is "status" with status 200 and
// a body of choice, a wait after the effect "slow_answer". Settings look like
//
//	{"auth":"digest","algorithm":"SHA-256","nonce_uses":1,"api_key_required":true,"position_data":"GetPostionData"}
package sandbox
