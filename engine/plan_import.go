package engine

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"dropform/engine/ledger"
)

// defaultSettle is how long an empty file waits before it is rejected, where the block does not say.
const defaultSettle = 2 * time.Second

func (d *draft) planImport(imp *Import, seen *importSeen) {
	if seen.err != nil {
		d.folderProblem(&imp.Declared, &imp.DropFolder, &seen.folderSeen)
	}
	if seen.strange != "" {
		d.strangeProblem(&imp.Declared, &imp.DropFolder, seen.strange)
	}
	if err := imp.request(nil).Check(imp.Connection.CustomerID, imp.Connection.Parameters); err != nil {
		d.unfit[imp.Address] = err // each file asks for the same
	}
	d.resumeInterrupted(imp.Address, imp, nil, nil)
	d.adoptOrphans(imp, seen)
	d.unansweredElsewhere(imp, seen)
	if imp.Order == "modified" {
		slices.SortStableFunc(seen.files, func(a, b *fileFacts) int { return cmp.Compare(a.Stamp.ModTime, b.Stamp.ModTime) })
	}
	stop := d.holders(imp, seen)
	d.Actions = slices.Grow(d.Actions, seen.unsettled()) // of very many, growing by and by costs several times the memory
	for _, f := range seen.files {
		if by, held := stop.holds(f); held {
			d.wait(imp.Address.Of(f.Name), "held back by "+by)
			continue
		}
		d.planFile(imp, seen, f)
	}
}

// folderProblem: a folder that is missing before the first apply is made by it; one that vanishes later is an error, and
// nobody makes it again, because an empty new folder would hide that the real one is gone.
func (d *draft) folderProblem(b *Declared, folder *DropFolder, seen *folderSeen) {
	applied, known := d.s.definitions[d.s.inLedger(b.Address)]
	switch {
	case seen.missing && (!known || folderChanged(applied, b)):
	case seen.missing:
		d.problem(b, "folder_missing", b.Address, "The drop folder is gone",
			fmt.Sprintf("%s does not exist any more. Bring it back (is a share not mounted?); dropform does not make it anew. Everything else goes on.", folder.Folder))
	default:
		d.problem(b, "folder_unreadable", b.Address, "The drop folder cannot be read",
			fmt.Sprintf("%s: %s. Give the account that runs dropform the right to list it. Everything else goes on.", folder.Folder, reasonOf(seen.err)))
	}
}

func folderChanged(applied ledger.Definition, b *Declared) bool {
	var now, then string
	for _, a := range b.Attributes {
		if a.Path == "folder" {
			now = a.Value
		}
	}
	for _, a := range decodeAttributes(applied.Attributes) {
		if a.Path == "folder" {
			then = a.Value
		}
	}
	return now != then
}

// reasonOf is an operating system error without the path, which the message has already.
func reasonOf(err error) string {
	if p, ok := err.(*os.PathError); ok { //nolint:errorlint // only the outermost path is ours
		return p.Err.Error()
	}
	return err.Error()
}

// unreadable says why a file could not be checked. Where that is for what an in_file names, the file itself is not to blame.
func (d *draft) unreadable(b *Declared, f *fileFacts) {
	at := b.Address.Of(f.Name)
	if missing := (*LookupError)(nil); errors.As(f.err, &missing) {
		d.problem(b, "lookup_unreadable", at, "The reference file of in_file cannot be read",
			fmt.Sprintf("%s: %s. The dropped file stays where it is and is checked again.", missing.Path, missing.Reason))
		return
	}
	d.problem(b, "file_unreadable", at, "The file cannot be read",
		fmt.Sprintf("%s: %s. It stays where it is and is tried again.", ShownName(f.Name), reasonOf(f.err)))
}

// planFile decides on one file. Every way out says why.
func (d *draft) planFile(imp *Import, seen *importSeen, f *fileFacts) {
	at := imp.Address.Of(f.Name)
	switch {
	case os.IsNotExist(f.err):
	case f.err != nil:
		d.unreadable(&imp.Declared, f)
	case f.dir:
		d.problem(&imp.Declared, "not_a_file", at, "Not a file",
			fmt.Sprintf("%s is a folder or a link. Only plain files are taken; put the file itself there.", ShownName(f.Name)))
	case f.settled && f.known.State == ledger.FileExisting:
		d.add(Action{Address: at, Kind: NeedsPerson, Reason: ReasonExisting, Import: imp, File: f.FileSeen, Text: existingText(at)})
	case f.settled:
	case f.busy:
		d.wait(at, "still being written")
	case f.Digest != "" && d.recognised(imp, f):
	case seen.strange != "":
		d.add(Action{Address: at, Kind: NeedsPerson, Reason: ReasonExisting, Import: imp, File: f.FileSeen, Text: existingText(imp.Address)})
	case f.marker != "":
		d.wait(at, "waits for its marker "+f.marker)
	case d.nameTooLong(imp, f):
		d.problem(&imp.Declared, "name_too_long", at, "The file's name is too long", "Its protocol could not be written beside it. Shorten the name; nothing was sent.")
	case f.Stamp.Size < imp.MinSize:
		d.planSmall(&imp.DropFolder, Action{Address: at, Import: imp, File: f.FileSeen})
	case imp.tooLarge(f.FileSeen):
		has, most, _ := imp.excess(f.FileSeen)
		d.add(Action{
			Address: at, Kind: Reject, Reason: ReasonTooLarge, Import: imp, File: f.FileSeen,
			Text: fmt.Sprintf("%s, and at most %s are allowed", size(has), size(most)),
		})
	default:
		d.planContent(imp, f, at)
	}
}

// nameTooLong reports that the protocol's name would be one that no usual file system can hold.
func (d *draft) nameTooLong(imp *Import, f *fileFacts) bool {
	const longest = 255
	name, err := imp.Protocol.Path(imp.scope(d.cfg, f.FileSeen))
	return err == nil && len(filepath.Base(name)) > longest
}

func existingText(at Address) string {
	return fmt.Sprintf("was here before its folder was served. Send it: dropform retry '%s'; count it as done: dropform adopt '%s'", inQuotes(at), inQuotes(at))
}

// planSmall rejects a file that has stayed too small for as long as a writer may need.
func (d *draft) planSmall(folder *DropFolder, a Action) {
	settle := folder.Settle
	if settle == 0 {
		settle = defaultSettle
	}
	if d.s.now.Sub(time.Unix(0, a.File.Stamp.ModTime)) < settle {
		d.wait(a.Address, "empty or too small; may still be written")
		return
	}
	a.Kind, a.Reason = Reject, ReasonInvalid
	a.Text = fmt.Sprintf("%s, and at least %s are expected", size(a.File.Stamp.Size), size(folder.MinSize))
	d.add(a)
}

func size(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }

// recognised reports whether a file that looks touched is still the one that was dealt with under its name, whatever the
// import's method is by now. A file that was moved to an archive and lies there again was dropped again.
func (d *draft) recognised(imp *Import, f *fileFacts) bool {
	for _, w := range d.s.unfinishedOf(imp.Address) {
		if w.Item == f.Name && w.SourceDigest == f.Digest && imp.holds(&w) {
			return true // listed already, as the work itself
		}
	}
	k := f.known
	if !f.isKnown || !k.State.DealtWith() || k.Digest != f.Digest || imp.Archive != nil || d.replaced(imp.Address.Of(f.Name)) {
		return false
	}
	if imp.Duplicates == "import" && k.Stamp.FileID != f.Stamp.FileID && k.Stamp.ModTime != f.Stamp.ModTime {
		return false
	}
	k.Stamp = f.Stamp
	d.Recognised = append(d.Recognised, k)
	return true
}

// holds reports whether work keeps its file from being sent again: the server has it, or may have.
func (i *Import) holds(w *ledger.Work) bool {
	return w.State.Open() || w.State == ledger.StateUnknown && i.OnUnknown != "retry"
}

// planContent decides by content: what the ledger knows, for this object and method, of the very bytes that would leave. The
// same file that left in another encoding, before send_encoding was changed, counts as known too.
func (d *draft) planContent(imp *Import, f *fileFacts, at Address) {
	key := contentKey{imp.Connection.Endpoint(), imp.Object, imp.Method, f.key()}
	asked := d.replaced(at) || f.asked()
	if f.beside && len(f.content) == 0 && !asked {
		d.add(Action{
			Address: at, Kind: NeedsPerson, Reason: ReasonExisting, Import: imp, File: f.FileSeen,
			Text: "a protocol lies beside it that this ledger did not write. " + existingText(at),
		})
		return
	}
	if len(f.content) > 0 {
		d.planKnown(imp, f, at, key, asked)
		return
	}
	if f.other != nil && !asked {
		d.planPassed(imp, f, at)
		return
	}
	d.send(imp, f, at, key, Action{Reason: newReason(f)})
}

// asked reports whether a person wants this very content sent again, and it has not been since.
func (f *fileFacts) asked() bool {
	if !f.isKnown || f.known.State != ledger.FileRetry || f.known.Digest != f.Digest {
		return false
	}
	if len(f.content) == 0 {
		return true
	}
	last := f.content[len(f.content)-1]
	return last.ID == f.known.Work || last.State == ledger.StateRefused || last.State == ledger.StateNotSent
}

func newReason(f *fileFacts) string {
	if f.isKnown && f.known.Digest != "" && f.known.Digest != f.Digest {
		return ReasonChanged
	}
	if f.isKnown && f.known.State == ledger.FileRetry {
		return ReasonRetry
	}
	return ReasonNew
}

// send plans the upload, or the rejection when the file is not valid.
func (d *draft) send(imp *Import, f *fileFacts, at Address, key contentKey, a Action) {
	a.Address, a.Import, a.File, a.Report = at, imp, f.FileSeen, f.report
	if f.isKnown {
		known := f.known
		a.known = &known
	}
	if f.report != nil && !f.report.Valid {
		a.Kind, a.Reason = Reject, ReasonInvalid
		a.Text = fmt.Sprintf("%s in it", plural(f.report.ErrorCount, "error", "errors"))
		d.add(a)
		return
	}
	c, taken := d.claimed[key]
	before := c.uploads
	if c.file.Block() != imp.Address {
		before = 0
	}
	switch {
	case taken && imp.Duplicates != "import" && a.Reason != ReasonRequested && d.otherSince(imp, before, f.key()):
		d.add(Action{
			Address: at, Kind: NeedsPerson, Reason: ReasonSeenBefore, Import: imp, File: f.FileSeen,
			Text: f.same() + c.file.String() + ", with other files between" + seenNext(at),
		})
		return
	case taken && imp.Duplicates != "import" && a.Reason != ReasonRequested:
		d.add(Action{Address: at, Kind: Duplicate, Reason: ReasonImported, Import: imp, File: f.FileSeen, Text: f.same() + c.file.String()})
		return
	case taken && a.Request <= c.request:
		a.Request, a.Again = c.request+1, nil
	}
	if err := d.unfit[imp.Address]; err != nil {
		d.unsendable(&imp.Declared, at, err)
		return
	}
	a.Kind = Upload
	if f.Send.recoded() {
		if a.Text != "" {
			a.Text += "; "
		}
		a.Text += fmt.Sprintf("%s, sent as %s", f.Send.From, f.Send.To)
	}
	d.uploads[imp.Address] = append(d.uploads[imp.Address], f.key())
	d.claimed[key] = claim{at, a.Request, len(d.uploads[imp.Address])}
	d.add(a)
}

// otherSince reports whether this plan sends other content of the import after the given number of uploads: going back to
// the older content may then be meant. Where the order does not matter it is not.
func (d *draft) otherSince(imp *Import, uploads int, digest string) bool {
	return imp.Order != "any" && slices.ContainsFunc(d.uploads[imp.Address][uploads:], func(other string) bool { return other != digest })
}

// same says in which way a file is another's duplicate.
func (f *fileFacts) same() string {
	if f.Send.recoded() {
		return "the same content as "
	}
	return "the same bytes as "
}

func seenNext(at Address) string {
	return fmt.Sprintf(". Send it again: dropform retry '%s'; count it as done: dropform adopt '%s'", inQuotes(at), inQuotes(at))
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(n) + " " + many
}

// nextRequest is the number under which content is sent once more; works of the same file in another encoding count too.
func nextRequest(known []ledger.Work) int {
	n := 0
	for _, w := range known {
		n = max(n, w.Request+1)
	}
	return n
}

// planKnown decides on content that the ledger has seen. The newest request tells where it stands.
func (d *draft) planKnown(imp *Import, f *fileFacts, at Address, key contentKey, asked bool) {
	w := &f.content[len(f.content)-1]
	owner, live := d.owner(w)
	_, current := imp.encode()
	switch {
	case w.State.Open() && live:
		d.wait(at, "the same bytes are under way as "+itemAddress(w)+" ("+describeOwner(owner)+")")
	case w.State == ledger.StateRunning || w.State == ledger.StateSending && d.o.self != "" && w.Owner == d.o.self:
		// What becomes of the file follows from the outcome of the other, which has a step or a worker of its own.
		d.wait(at, "the same bytes are under way as "+itemAddress(w))
	case w.State == ledger.StateUnknown || w.State == ledger.StateSending:
		d.planUnknown(imp, f, at, key, w)
	case w.State == ledger.StateRefused && d.o.watch && !asked && w.Class != ledger.ClassRetry && w.Definition == current:
		d.wait(at, "refused: "+w.Message)
	case w.State == ledger.StateRefused || w.State == ledger.StateNotSent:
		d.send(imp, f, at, key, Action{Reason: ReasonRetry, Again: w, Request: w.Request, Text: w.Message})
	case asked || imp.Duplicates == "import":
		reason := ReasonRequested
		if f.isKnown && f.known.State == ledger.FileRetry {
			reason = ReasonRetry
		}
		d.send(imp, f, at, key, Action{Reason: reason, Request: nextRequest(f.content), Prior: w})
	default:
		d.planSeen(imp, f, at, w)
	}
}

func (d *draft) planUnknown(imp *Import, f *fileFacts, at Address, key contentKey, w *ledger.Work) {
	if imp.OnUnknown == "retry" && w.Digest == f.key() {
		d.send(imp, f, at, key, Action{Reason: ReasonRetry, Again: w, Request: w.Request, Text: "its outcome is unknown, and on_unknown is retry"})
		return
	}
	d.add(Action{
		Address: at, Kind: NeedsPerson, Reason: ReasonUnknown, Import: imp, File: f.FileSeen, Prior: w,
		Text: fmt.Sprintf("the same bytes as %s, whose outcome is unknown; resolve that first", itemAddress(w)),
	})
}

// planPassed decides on a file that another import dealt with, or is about to.
func (d *draft) planPassed(imp *Import, f *fileFacts, at Address) {
	w := f.other
	owner, live := d.owner(w)
	switch {
	case w.State.Open() && live:
		d.wait(at, "the same bytes are under way as "+itemAddress(w)+" ("+describeOwner(owner)+")")
	case w.State == ledger.StateRunning || w.State == ledger.StateSending && d.o.self != "" && w.Owner == d.o.self:
		d.wait(at, "the same bytes are under way as "+itemAddress(w))
	case w.State == ledger.StateUnknown || w.State == ledger.StateSending:
		d.add(Action{
			Address: at, Kind: NeedsPerson, Reason: ReasonUnknown, Import: imp, File: f.FileSeen, Prior: w,
			Text: fmt.Sprintf("the same bytes as %s, whose outcome is unknown; resolve that first", itemAddress(w)),
		})
	default:
		d.add(Action{
			Address: at, Kind: NeedsPerson, Reason: ReasonExisting, Import: imp, File: f.FileSeen,
			Text: "dealt with " + d.clock(w.SentAt) + " as " + itemAddress(w) + ". " + existingText(at),
		})
	}
}

func itemAddress(w *ledger.Work) string {
	block, err := ParseAddress(w.Address, func(Address) bool { return true })
	if err != nil {
		return w.Address + "[" + w.Item + "]"
	}
	return block.Of(w.Item).String()
}

// planSeen decides on content that was sent and has its outcome: a duplicate is put away only where nothing can be
// lost by it.
func (d *draft) planSeen(imp *Import, f *fileFacts, at Address, w *ledger.Work) {
	when := fmt.Sprintf("%s as %s", d.clock(w.SentAt), itemAddress(w))
	next := seenNext(at)
	ask := Action{Address: at, Kind: NeedsPerson, Reason: ReasonSeenBefore, Import: imp, File: f.FileSeen, Prior: w}
	switch {
	case w.Digest != f.key():
		ask.Text = "sent " + when + ", but in another encoding: csv.send_encoding has changed since" + next
	case !ledger.SameEndpoint(w.Endpoint, imp.Connection.Endpoint()):
		ask.Text = "sent " + when + ", but the connection led to another URL or customer then" + next
	case w.State == ledger.StateFailed:
		ask.Text = "sent " + when + ", and the import failed on the server" + next
	case f.since || d.otherSince(imp, 0, f.key()):
		ask.Text = "sent " + when + ", and other files were imported since" + next
	default:
		d.add(Action{Address: at, Kind: Duplicate, Reason: ReasonImported, Import: imp, File: f.FileSeen, Prior: w, Text: "sent " + when})
		return
	}
	d.add(ask)
}

// holders are the failures that, under on_error = "stop", hold back the files after them.
type holders struct {
	imp  *Import
	list []holder
}

type holder struct {
	name    string
	modTime int64
	state   string
}

func (d *draft) holders(imp *Import, seen *importSeen) holders {
	h := holders{imp: imp}
	if imp.OnError != "stop" {
		return h
	}
	for _, k := range seen.known {
		if k.State == ledger.FileRejected {
			h.list = append(h.list, holder{k.Name, k.Stamp.ModTime, "rejected"})
		}
	}
	for _, w := range d.s.unfinishedOf(imp.Address) {
		k, ok := seen.known[w.Item]
		gaveUp := w.State == ledger.StateFailed || w.State == ledger.StateUnknown || w.State == ledger.StateRefused && d.o.watch
		if gaveUp && !(ok && followed(k, w)) {
			h.list = append(h.list, holder{w.Item, k.Stamp.ModTime, string(w.State)})
		}
	}
	slices.SortFunc(h.list, func(a, b holder) int { return naturalCompare(a.name, b.name) })
	return h
}

// followed reports whether what is known of a file came after the work: a later sending, a duplicate, or the request to
// send the same content again.
func followed(k ledger.File, w ledger.Work) bool {
	return k.Work > w.ID || k.State == ledger.FileDuplicate && k.At.After(w.EndedAt) || k.State == ledger.FileRetry && k.Digest == w.SourceDigest
}

// overtaken reports whether what is known of a file is other content than the work's, or came after it.
func overtaken(k ledger.File, w ledger.Work) bool {
	return k.Digest != w.SourceDigest || followed(k, w)
}

// holds reports which failure stands before f in the import's order.
func (h holders) holds(f *fileFacts) (by string, held bool) {
	for _, o := range h.list {
		after := naturalCompare(f.Name, o.name) > 0
		if h.imp.Order == "modified" {
			after = f.Stamp.ModTime > o.modTime
		}
		if after && !f.settled && o.name != f.Name {
			return fmt.Sprintf("%s (%s)", h.imp.Address.Of(o.name), o.state), true
		}
	}
	return "", false
}
