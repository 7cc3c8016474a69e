// Package conbox is the client of moveIT CONBOX's Passive Actions: one address, JSON by POST (document "Passive
// Actions"; references like "Purchase" name its sections).
//
// It promises that a write leaves this machine at most once. No write is repeated here, no redirect is followed, no
// header asks the transport to repeat anything, and each write has a connection of its own that nothing else has used.
// Before each write a bodyless probe finds out whether the server is there and how it wants to be asked for
// authentication, so that the order itself is sent once, with valid credentials. Every failed call ends in an [Error]
// that says what is certain: not sent, refused, or unknown (PROTOCOL.md 4.4).
//
// It promises that a rejected password is not sent a second time, that an untried one is tried by one call at a time,
// that no credential, user code or key appears in an error, that numbers are handed on as the server wrote them, and
// that no address in an answer is fetched.
//
// It does not know the ledger, files, or what an order is worth: that is the engine, its only caller. The engine checks
// requests with Validate when it plans, takes digests and approvals of [ServiceData], and calls [Client.Do] or
// [Client.Read].
package conbox
