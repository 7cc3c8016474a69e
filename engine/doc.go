// Package engine decides what has to happen and makes it happen, once.
//
// One idea carries it: plan, apply and watch are the same engine. A Planner observes the world (folders, files, the
// clock) and the ledger (what is known to have happened) and a pure function, build, turns the two and the
// configuration into a Plan. A Runner carries a plan out, one state machine per action. A Service only decides when to
// plan again. What is not in a plan never happens, and deciding not to act is an action with a reason.
//
// # What it promises
//
// No dropped file is lost: it stays where it is until its outcome is recorded, and moves only while it is still the file
// that was sent. None is imported twice: an upload is named by system, object, method and the SHA-256 of its bytes, and
// the ledger's unique constraint refuses a second intent. The user always knows: every step ends in an event with a
// result, a sentence and, where something is to be done, the next step; what cannot be known is called unknown and waits
// for a person.
//
// # The way of a file
//
//	seen, complete        a name in a folder; the watcher's rules or, in apply, one observation of the whole batch
//	read, hashed, checked one pass: SHA-256 and csvschema; a fault rejects the file with reports beside it
//	planned               Action in Plan; pure
//	intent recorded       Process.Begin, durable; a crash before it: planned again
//	sent                  the bytes that were planned, or an incomplete request; a crash from here: unknown
//	accepted              Process.Accepted with the server's id; a crash from here: resumed under a new session
//	followed, fetched     progress, protocol
//	protocol written      beside the file, whole or not at all; a crash from here: fetched and written again
//	outcome recorded      Process.Finish, together with the moves that are owed
//	filed                 file and protocol into the archive; a crash from here: the moves are carried out later
//
// Recovery is no code of its own: the planner sees what an earlier run left in the ledger and plans the same steps from
// there. An export goes the same way, but only reads: what is not known to run is simply run again.
//
// # Who does what
//
// snapshot.go and look.go observe; planner.go with plan_import.go, plan_export.go, plan_orphans.go and definition.go
// decides; choose.go narrows. runner.go and queue.go carry out: blocks side by side, each in order. link.go holds a
// connection's client and whether it is down, slots.go the jobs that may be under way in a tenant. run_import.go,
// protocol.go and filing.go are the file's way, local.go what needs no server, run_export.go and result.go the export's.
// service.go, desk.go and serving.go are watch. request.go is what people say about work (retry, adopt, resolve),
// status.go how everything stands. The engine knows neither HCL nor fsnotify: late expressions arrive as functions, and a
// Watcher is an interface.
package engine
