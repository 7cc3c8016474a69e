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
// that was sent. None is imported twice: an upload is named by system, object, method and the SHA-256 of the bytes sent, and
// the ledger's unique constraint refuses a second intent. The user always knows: every step ends in an event with a
// result, a sentence and, where something is to be done, the next step; what cannot be known is called unknown and waits
// for a person.
//
// # The way of a file
//
//	seen, complete        a name in a folder; the watcher's rules or, in apply, one observation of the whole batch
//	read, hashed, checked one pass: SHA-256 and csvschema; a fault rejects the file with reports beside it. Under
//	                      csv.send_encoding its text is recoded and hashed in the same pass (recode.go): the file is
//	                      known in its folder by its own bytes, content by the bytes that leave
//	planned               Action in Plan; pure
//	session               had before the intent; a login that fails is recorded as not sent in one transaction
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
// # The way of an order
//
// A rule turns rows into calls of CONBOX, which has no job to resume and no way to ask what became of one. So a call goes
//
//	file read whole       a snapshot in memory: what is shown, approved and sent comes from the same bytes
//	calls made            callsOf; one wrong line rejects the file
//	positions read        of purchases and deletes: price, and the GUID beside the number; unread means not placed
//	planned               pure; what another order holds rejects the file
//	approved              by name, for exactly the call and the prices that were shown; else it waits
//	read again, probed    right before; a price that moved, or a server that does not answer, ends it here
//	folder marked         so that an older copy of this ledger does not place it again
//	intent recorded       Process.BeginCall: row, holds and use of the approval in one transaction
//	sent                  once, on a connection of its own; a crash from here: unknown, and what it holds stays held
//	outcome recorded      Process.Finish with the line that the result file is owed
//	line written          appended once, found by its attempt after a crash
//	file closed           when nothing of it is open: protocol, record, archive
//
// Nothing is retried by itself: what certainly did not leave is planned again by the next run, what was refused waits for
// retry, what is unknown waits for resolve.
//
// # Two ledgers
//
// A served folder bears a marker with its ledger's identity and a number that only grows (marker.go). Another ledger, or an
// older copy of this one, sends nothing from there until a person says adopt or retry.
//
// # Who does what
//
// snapshot.go and look.go observe; planner.go with plan_import.go, plan_export.go, plan_orphans.go and definition.go
// decides; choose.go narrows. runner.go and queue.go carry out: blocks side by side, each in order. link.go holds a
// connection's client and whether it is down, slots.go the jobs that may be under way in a tenant. start.go and follow.go
// are what imports and exports share: how a job begins, and how it is waited for. run_import.go,
// protocol.go and filing.go are the file's way, local.go what needs no server, run_export.go and result.go the export's.
// Of rules, look_rule.go and prices.go observe, calls*.go make calls of rows, plan_rule.go decides, run_call.go,
// result_file.go and close_file.go carry out, approval.go is the person's word and order_view.go what the person sees.
// service.go, desk.go, desk_look.go and serving.go are watch. request.go is what people say about work (retry, adopt, resolve),
// status.go how everything stands. The engine knows neither HCL nor fsnotify: late expressions arrive as functions, and a
// Watcher is an interface.
package engine
