package engine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"dropform/engine/ledger"
)

// Status is how everything stands: one line per connection, folder and schedule, and every item that is not done.
type Status struct {
	Watch       *WatchState        `json:"watch,omitempty"` // nil: no watch runs
	Connections []ConnectionStatus `json:"connections"`
	Folders     []FolderStatus     `json:"folders"`
	Schedules   []ScheduleStatus   `json:"schedules"`
	Items       []StatusItem       `json:"items"`
	Definitions int                `json:"definitions_not_applied"`
}

// ConnectionStatus is one connection: "up", "down", or "idle" while nobody uses it.
type ConnectionStatus struct {
	Address string `json:"address"`
	State   string `json:"state"`
	Text    string `json:"text,omitempty"`
}

// FolderStatus is one drop folder.
type FolderStatus struct {
	Address   string    `json:"address"`
	Path      string    `json:"path"`
	Mode      string    `json:"mode"`              // "events", "poll", or "not watched"
	Network   string    `json:"network,omitempty"` // the file system because of which it is polled
	Queue     int       `json:"queue"`
	Oldest    time.Time `json:"oldest,omitzero"` // modification time of the oldest file that is not done
	Degraded  string    `json:"degraded,omitempty"`
	Overflows int       `json:"overflows"` // times that events were lost; the folder was listed instead
	Rearms    int       `json:"rearms"`    // times that the watch was put back
	LastSweep time.Time `json:"last_sweep,omitzero"`
	Ignored   []Ignored `json:"ignored,omitempty"`
}

// ScheduleStatus is one export with a schedule.
type ScheduleStatus struct {
	Address    string    `json:"address"`
	Next       time.Time `json:"next,omitzero"`
	Last       time.Time `json:"last,omitzero"`
	LastResult string    `json:"last_result,omitempty"`
}

// StatusItem is one piece of work that is not done: "waiting", "failed", "unknown" or "running".
type StatusItem struct {
	Address string    `json:"address"`
	State   string    `json:"state"`
	Text    string    `json:"text,omitempty"`
	Next    string    `json:"next,omitempty"`
	Since   time.Time `json:"since,omitzero"`
}

// ReadStatus observes and reports. It writes nothing. watching is whether a watch holds the project.
func (p Planner) ReadStatus(ctx context.Context, cfg *Config, statePath string, watching bool) (*Status, error) {
	s, err := p.take(ctx, cfg, nil, nil)
	if err != nil {
		return nil, err
	}
	plan, err := build(cfg, s, PlanOptions{})
	if err != nil {
		return nil, err
	}
	out := &Status{Definitions: len(plan.Definitions)}
	if watching {
		if out.Watch, err = ReadWatchState(p.FS, statePath, p.Now()); err != nil {
			return nil, err
		}
	}
	out.connections(cfg)
	queues, held := queuesOf(plan), heldUp(plan)
	for b, folder := range cfg.folders() {
		out.Folders = append(out.Folders, out.folder(b.Address, folder, s.folderSeen(b.Address), queues[b.Address], held))
	}
	for _, exp := range cfg.Exports {
		if exp.Schedule != nil {
			out.Schedules = append(out.Schedules, schedule(exp, s, plan))
		}
	}
	out.items(s, plan)
	out.failures(cfg, s)
	out.in(cfg.Location)
	slices.SortStableFunc(out.Items, func(a, b StatusItem) int { return cmp.Compare(a.Address, b.Address) })
	return out, nil
}

// in gives all times in one zone.
func (o *Status) in(loc *time.Location) {
	zone := func(t *time.Time) {
		if !t.IsZero() {
			*t = t.In(loc)
		}
	}
	for i := range o.Folders {
		zone(&o.Folders[i].Oldest)
		zone(&o.Folders[i].LastSweep)
	}
	for i := range o.Schedules {
		zone(&o.Schedules[i].Next)
		zone(&o.Schedules[i].Last)
	}
	for i := range o.Items {
		zone(&o.Items[i].Since)
	}
}

func (o *Status) connections(cfg *Config) {
	for _, c := range cfg.Connections {
		cs := ConnectionStatus{Address: c.Address.String(), State: "idle"}
		if o.Watch != nil {
			if text, used := o.Watch.Connections[cs.Address]; used {
				cs.State, cs.Text = "up", text
				if text != "" {
					cs.State = "down"
				}
			}
		}
		o.Connections = append(o.Connections, cs)
	}
}

func (o *Status) folder(block Address, folder *DropFolder, seen *folderSeen, q *fileQueue, held map[string]bool) FolderStatus {
	if q == nil {
		q = &fileQueue{}
	}
	for _, file := range seen.files {
		if len(held) > 0 && file.Stamp.ModTime != 0 && held[block.Of(file.Name).String()] {
			q.add(file.Stamp.ModTime)
		}
	}
	slices.SortFunc(seen.ignored, func(a, b Ignored) int { return naturalCompare(a.Name, b.Name) })
	f := FolderStatus{Address: block.String(), Path: folder.Folder, Mode: "not watched", Ignored: seen.ignored, Queue: q.files, Oldest: q.oldest}
	if seen.err != nil {
		f.Degraded = reasonOf(seen.err)
	}
	if o.Watch != nil {
		for _, w := range o.Watch.Folders {
			if w.ID == f.Address {
				f.Mode, f.Network, f.Degraded = w.Mode, w.Network, cmp.Or(w.Degraded, f.Degraded)
				f.Overflows, f.Rearms, f.LastSweep = w.Overflows, w.Rearms, w.LastSweep
			}
		}
	}
	return f
}

// fileQueue is what of a folder's files is not done: those of steps, those that wait for a writer, a marker or another file,
// and those that cannot be read.
type fileQueue struct {
	files  int
	oldest time.Time
}

func (q *fileQueue) add(modified int64) {
	q.files++
	if at := time.Unix(0, modified); q.oldest.IsZero() || at.Before(q.oldest) {
		q.oldest = at
	}
}

func queuesOf(plan *Plan) map[Address]*fileQueue {
	out := map[Address]*fileQueue{}
	counted := map[Address]bool{}
	for i := range plan.Actions {
		a := &plan.Actions[i]
		block := a.Address.Block()
		file := block.Of(a.File.Name)
		if a.File.Stamp.ModTime == 0 || counted[file] {
			continue
		}
		counted[file] = true // a rule has a step for each call of a file
		if out[block] == nil {
			out[block] = &fileQueue{}
		}
		out[block].add(a.File.Stamp.ModTime)
	}
	return out
}

// heldUp are the addresses of what has no step and is not done.
func heldUp(plan *Plan) map[string]bool {
	out := map[string]bool{}
	for _, w := range plan.Waiting {
		out[w.Address.String()] = true
	}
	for _, p := range plan.Problems {
		out[p.Address] = true
	}
	for i := range plan.Actions {
		if a := &plan.Actions[i]; len(out) > 0 {
			delete(out, a.Address.Block().Of(a.File.Name).String())
		}
	}
	return out
}

func schedule(exp *Export, s *snapshot, plan *Plan) ScheduleStatus {
	out := ScheduleStatus{Address: exp.Address.String(), Next: exp.Schedule.Next(s.now)}
	if last := s.exports[exp.Address].last; len(last) > 0 {
		out.Last, out.LastResult = last[0].SlotAt, string(last[0].State)
	}
	for _, x := range plan.Skipped {
		if x.Address.Block() == exp.Address && x.Slot.After(out.Last) {
			out.Last, out.LastResult = x.Slot, "skipped"
		}
	}
	return out
}

// queued reports whether a running watch sends the action as soon as its connection is back.
func (o *Status) queued(a *Action) bool {
	if a.Kind == NeedsPerson || a.Kind == Reject || a.Kind == Duplicate || a.Again != nil && gaveUp(*a.Again, true) {
		return false
	}
	return o.Watch != nil && o.Watch.Connections[a.connection().Address.String()] != ""
}

// items lists what a plan has to say about work that is not done.
func (o *Status) items(s *snapshot, plan *Plan) {
	for _, a := range plan.Actions {
		item := StatusItem{Address: a.Address.String(), State: "waiting", Text: a.Reason, Next: a.Text}
		switch {
		case a.Kind == NeedsPerson && a.Reason == ReasonUnknown:
			item.State = "unknown"
		case a.Approval == ApprovalRequired:
			item.Text, item.Next = "approval required", "the next apply, or a running watch, shows it with its prices"
			if a.recorded {
				item.Next = "dropform approve '" + inQuotes(a.Address) + "'"
			}
		case a.Approval == ApprovalGiven:
			item.Text, item.Next = "approved", "the next apply, or a running watch, sends it"
		case a.Again != nil && a.Again.State == ledger.StateUnknown:
			item.State, item.Text, item.Next = "unknown", a.Again.Message, "it is sent again, because on_unknown is \"retry\""
		case a.overdue(s.now):
			item.State, item.Next = "running", a.Text
		case a.Kind == Resume && a.Prior != nil:
			item.State, item.Text, item.Next = "running", a.Text, "the next run fetches the result"
		case a.Call != nil && a.Rule.Kind.readsPositions() && a.Reason != ReasonRetry:
			item.Text, item.Next = "its positions are read before it is sent", "dropform plan reads them and says what stands in the way; the next apply, or a running watch, sends it"
		case o.queued(&a):
			item.Text, item.Next = "waits for "+a.connection().Address.String()+", which is down", "it goes on by itself when the connection is back"
		case a.Reason == ReasonRetry && cmp.Or(a.Again, a.Prior) != nil:
			item.State, item.Text, item.Next = "failed", cmp.Or(a.Again, a.Prior).Message, "the next apply tries again"
			if o.Watch != nil && gaveUp(*cmp.Or(a.Again, a.Prior), true) {
				item.Next = "mend the cause, then: dropform retry '" + inQuotes(a.Address) + "'"
			}
		}
		if w := cmp.Or(a.Prior, a.Again); w != nil {
			item.Since = w.SentAt
		}
		o.Items = append(o.Items, item)
	}
	for _, w := range plan.Waiting {
		o.Items = append(o.Items, StatusItem{Address: w.Address.String(), State: "waiting", Text: w.Reason})
	}
	for _, u := range plan.UnderWay {
		o.Items = append(o.Items, StatusItem{Address: u.Address.String(), State: "running", Text: u.Owner, Next: u.Text})
	}
	for _, p := range plan.Problems {
		o.Items = append(o.Items, StatusItem{Address: p.Address, State: "failed", Text: p.Summary, Next: p.Detail})
	}
}

// failures lists what ended badly and has not been followed by other content, a retry or an adoption.
func (o *Status) failures(cfg *Config, s *snapshot) {
	listed := map[string]bool{}
	for _, item := range o.Items {
		listed[item.Address] = true
	}
	for _, b := range cfg.blocks() {
		for _, k := range s.knownOf(b.Address) {
			if at := b.Address.Of(k.Name).String(); k.State == ledger.FileRejected && !listed[at] {
				o.Items = append(o.Items, StatusItem{
					Address: at, State: "failed", Text: "rejected: " + k.Message, Since: k.At,
					Next: "put a corrected file into the folder, or: dropform adopt '" + inQuotes(b.Address.Of(k.Name)) + "'",
				})
				listed[at] = true
			}
		}
	}
	for _, imp := range cfg.Imports {
		seen := s.imports[imp.Address]
		for _, w := range s.unfinishedOf(imp.Address) {
			at := imp.Address.Of(w.Item).String()
			if k, ok := seen.known[w.Item]; w.State != ledger.StateFailed || listed[at] || ok && overtaken(k, w) {
				continue
			}
			next := "put a corrected file into the folder, or: dropform retry '" + inQuotes(imp.Address.Of(w.Item)) + "'"
			if imp.Archive != nil {
				next = "put a corrected file into the folder; or put the same back into it, then: dropform retry '" + inQuotes(imp.Address.Of(w.Item)) + "'"
			}
			o.Items = append(o.Items, StatusItem{Address: at, State: "failed", Text: w.Message, Since: w.SentAt, Next: next})
			listed[at] = true
		}
	}
}
