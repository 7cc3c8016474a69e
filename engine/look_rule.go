package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"dropform/engine/csvschema"
	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// maxOrderFile bounds what a rule reads: its files are held in memory as a snapshot, so that what is shown, approved and
// sent comes from the same bytes.
const maxOrderFile = 30 << 20

// ruleSeen is one rule with what the ledger knows of it.
type ruleSeen struct {
	folderSeen
	taken     bool                       // a person said that this ledger serves the folder
	archived  []string                   // results in the archive that its files would go to
	items     map[string]map[string]bool // by key, the items under which the ledger has calls
	approvals map[string]ledger.Approval // by item
	owed      []ledger.ResultLine        // lines that earlier runs could not write
	made      map[string]*ruleFile       // by name, of the files that were read
	after     []*callSeen                // of a rule that follows another
	searched  map[string]bool            // archive folders that were looked into
	guids     bool                       // in its system orders by GUID are held
	documents bool                       // and orders of whole documents
	elsewhere bool                       // the rule has placed orders, none of them in a system that is known of its connection
	unmade    []unmade
}

// unmade is an order that a rule cannot follow.
type unmade struct {
	order string
	err   error
}

// ruleFile is what a rule makes of one file.
type ruleFile struct {
	calls []*callSeen
}

// callSeen is one call with what the ledger and the server know of it.
type callSeen struct {
	*Call
	content string         // digest of the file, or of the order that is followed
	item    string         // its address under the rule, with #2 where the key recurs
	known   *ledger.Call   // what became of it so far; nil: it is new
	source  int64          // the placed order that it follows
	holders []*ledger.Call // calls that hold what it would take, by hold
	prices  *Prices        // nil: not read
}

// lookRule finds out what one file of a rule is, and which calls it makes.
func (p Planner) lookRule(ctx context.Context, cfg *Config, r *Rule, seen *ruleSeen, f *fileFacts, replace again) {
	if len(replace) > 0 { // a call is named by its document, so each file may hold it
		replace = again{r.Address.Base().String()}
	}
	if !p.meet(cfg, r.Address, &r.DropFolder, &seen.folderSeen, f, replace) || r.tooLarge(f.Stamp.Size) {
		return
	}
	path := filepath.Join(r.Folder, f.Name)
	data, err := p.snapshotFile(path, f)
	if err != nil || f.busy {
		f.err = err
		return
	}
	digest := sha256.Sum256(data)
	f.Digest = hex.EncodeToString(digest[:])
	calls, report, err := r.read(ctx, data, csvschema.Options{Lookup: Lookup(p.FS)})
	if err != nil {
		f.err = err
		return
	}
	f.Rows = report.Rows
	if !report.Valid || report.WarningCount > 0 {
		f.report = report
	}
	file := &ruleFile{}
	for _, c := range calls {
		file.calls = append(file.calls, &callSeen{Call: c})
	}
	seen.made[f.Name] = file
	p.lookIntoArchive(cfg, r, seen, f)
}

// lookIntoArchive finds results of earlier orders where the file would be filed away: a ledger that does not know them is
// not the one that placed those orders.
func (p Planner) lookIntoArchive(cfg *Config, r *Rule, seen *ruleSeen, f *fileFacts) {
	if r.Archive == nil || r.Archive.Folder == nil || seen.taken {
		return
	}
	folder, err := r.Archive.Folder(r.scope(cfg, f.FileSeen))
	if err != nil || seen.searched[folder] {
		return // filing it away says what is wrong with the expression
	}
	if seen.searched == nil {
		seen.searched = map[string]bool{}
	}
	seen.searched[folder] = true
	names, err := readNames(p.FS, folder)
	if err != nil {
		return // not there yet
	}
	for _, name := range names {
		if matchAny(resultNames, foldName(name)) {
			seen.archived = append(seen.archived, filepath.Join(folder, name))
		}
	}
}

// resultNames are the result files of rules whose result has the usual name.
var resultNames = []string{"*.result.csv", "*.result.*.csv"}

// relative is a path as people know it, from the working directory where it lies in there.
func (c *Config) relative(path string) string {
	if rel, err := filepath.Rel(c.Dir, path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return path
}

// snapshotFile reads a file whole and notices when it changes under the reader.
func (p Planner) snapshotFile(path string, f *fileFacts) ([]byte, error) {
	file, err := p.FS.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxOrderFile+1))
	if err != nil {
		return nil, err
	}
	after, err := lstat(p.FS, path)
	f.busy = err != nil || !durable.StampOf(after).Equal(f.Stamp) || int64(len(data)) != f.Stamp.Size
	return data, nil
}

// read validates the bytes of a file and makes its calls. A file with any fault makes none.
func (r *Rule) read(ctx context.Context, data []byte, opt csvschema.Options) ([]*Call, *csvschema.Report, error) {
	var rows []csvschema.Row
	report, err := csvschema.Rows(ctx, data, r.CSV, opt, func(row csvschema.Row) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil || !report.Valid {
		return nil, report, err
	}
	calls, faults := r.callsOf(rows)
	if len(faults) == 0 {
		return calls, report, nil
	}
	report.Valid, report.ErrorCount = false, int64(len(faults))
	report.Errors = faults[:min(len(faults), r.maxErrors())]
	return nil, report, nil
}

// Check holds a file against the rule: its structure and columns, and everything that its calls would send. It sends
// nothing. The error is for a reader that fails, or a file too large to be read whole.
func (r *Rule) Check(ctx context.Context, f io.Reader, opt csvschema.Options) (*csvschema.Report, error) {
	data, err := io.ReadAll(io.LimitReader(f, maxOrderFile+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > r.limit() {
		return nil, fmt.Errorf("the file is larger than %s", size(r.limit()))
	}
	_, report, err := r.read(ctx, data, opt)
	return report, err
}

func (r *Rule) maxErrors() int {
	if r.CSV != nil && r.CSV.MaxErrors > 0 {
		return r.CSV.MaxErrors
	}
	return csvschema.Default().MaxErrors
}

func (r *Rule) limit() int64 {
	if r.CSV != nil && r.CSV.MaxSize > 0 {
		return min(r.CSV.MaxSize, maxOrderFile)
	}
	return maxOrderFile
}

func (r *Rule) tooLarge(size int64) bool { return size > r.limit() }

// checkDigest stands for the settings that a file is rejected by.
func (r *Rule) checkDigest() string {
	return r.digestPaths("csv", "min_size", "document", "position", "all_positions")
}

// ruleHistory reads what the ledger knows of a rule.
func ruleHistory(v *ledger.View, cfg *Config, s *snapshot, r *Rule, wanted []string, restricted bool) error {
	seen := &ruleSeen{folderSeen: folderSeen{checked: r.checkDigest()}, made: map[string]*ruleFile{}, items: map[string]map[string]bool{}}
	s.rules[r.Address] = seen
	address := s.inLedger(r.Address)
	var err error
	if seen.systems, err = v.Systems(s.inLedger(r.Connection.Address), r.Connection.Endpoint()); err != nil {
		return err
	}
	if seen.approvals, err = v.Approvals(address); err != nil {
		return err
	}
	if seen.owed, err = v.OwedLines(address); err != nil {
		return err
	}
	if err := orderedBefore(v, r, address, seen); err != nil {
		return err
	}
	if !r.After.IsZero() {
		return followPlaced(v, cfg, s, r, seen)
	}
	if seen.taken, err = v.TakenOver(address); err != nil {
		return err
	}
	seen.known, err = knownFiles(v, address, wanted, restricted)
	return err
}

// orderedBefore reads what of earlier orders cannot be compared with new ones.
func orderedBefore(v *ledger.View, r *Rule, address string, seen *ruleSeen) error {
	if r.Kind != RulePurchase {
		return nil
	}
	var errs [3]error
	if r.AllPositions { // only then it matters, and there are many to look through
		seen.guids, errs[0] = v.HeldOnly(seen.systems, ledger.HeldGUID)
	}
	seen.documents, errs[1] = v.HeldOnly(seen.systems, ledger.HeldDocument)
	seen.elsewhere, errs[2] = v.OrderedElsewhere(address, seen.systems...)
	return errors.Join(errs[:]...)
}

// followPlaced makes the calls of a rule that follows another: one for each document of which an order was placed, made of
// the oldest that is not followed yet, and one for each order that names no document. A document whose order was followed
// has had its call, however a later order spells it.
func followPlaced(v *ledger.View, cfg *Config, s *snapshot, r *Rule, seen *ruleSeen) error {
	follower := s.inLedger(r.Address)
	if len(s.again) > 0 {
		follower = "" // what is done may be asked for again
	}
	placed, err := v.Placed(s.inLedger(r.After), follower)
	if err != nil {
		return err
	}
	type document struct {
		system ledger.SystemID
		hold   ledger.Hold
	}
	followed := map[document]bool{}
	for _, order := range placed {
		at := order.Address + "[" + order.Item + "]"
		fields, err := orderFields(order)
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if nbr, ok := fields["DocNbr"].(string); ok && nbr != "" {
			doc := document{order.System, ledger.HoldDocument(fmt.Sprint(fields["DocTyp"]), nbr)}
			if had, err := v.FollowedDocument(follower, doc.system, doc.hold); err != nil {
				return err
			} else if doc.hold = doc.hold.Normal(); had || followed[doc] {
				continue
			}
			followed[doc] = true
		}
		c, err := r.callAfter(fields)
		if err != nil {
			seen.unmade = append(seen.unmade, unmade{at, err})
			continue
		}
		c.Object = "after"
		seen.after = append(seen.after, &callSeen{Call: c, source: order.ID, content: seen.followedDocument(order, fields, c.Digest)})
	}
	return nil
}

// followedDocument stands for what a call does to the document that it follows: several orders of one document are followed
// once, and two rules that do different things to it do not silence each other. A document of a system that the following
// rule does not lead to is not the one of that number there. An order by GUID names no document.
func (seen *ruleSeen) followedDocument(order ledger.Call, fields map[string]any, request string) string {
	nbr, ok := fields["DocNbr"].(string)
	if !ok || nbr == "" {
		return digestOf("after order", strconv.FormatInt(order.ID, 10), request)
	}
	parts := []string{"after document", fmt.Sprint(fields["DocTyp"]), ledger.Fold(nbr), request}
	if !slices.Contains(seen.systems, order.System) {
		parts = append(parts, strconv.FormatInt(int64(order.System), 10))
	}
	return digestOf(parts...)
}

// orderFields is what `order` holds: the fields that were sent, and of those returned the ones that were not.
func orderFields(c ledger.Call) (map[string]any, error) {
	out := map[string]any{}
	for _, text := range []string{c.Answer, c.Sent} {
		if text == "" {
			continue
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&out); err != nil {
			return nil, fmt.Errorf("read what was recorded of the order: %w", err)
		}
	}
	return out, nil
}

// ruleContents looks up what the ledger knows of each call that is to be decided on.
func ruleContents(v *ledger.View, s *snapshot, r *Rule, seen *ruleSeen) error {
	address := s.inLedger(r.Address)
	lookUp := func(content string, calls []*callSeen) error {
		known, err := v.CallsOfContent(seen.systems, string(r.Kind), content)
		if err != nil {
			return err
		}
		byObject := map[string]*ledger.Call{}
		for i := range known {
			byObject[known[i].Object] = &known[i]
		}
		for _, c := range calls {
			c.content = content
			c.known = byObject[c.Object]
			if c.known == nil {
				if err := seen.numbered(v, address, c.Key); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, f := range seen.files {
		file := seen.made[f.Name]
		if file == nil || f.Digest == "" {
			continue
		}
		if err := lookUp(f.Digest, file.calls); err != nil {
			return err
		}
		for _, c := range file.calls {
			var err error
			if c.holders, err = v.Holders(seen.systems, r.holds(c.Call, nil)); err != nil {
				return err
			}
		}
	}
	for _, c := range seen.after {
		if err := lookUp(c.content, []*callSeen{c}); err != nil {
			return err
		}
	}
	return nil
}

// numbered reads, once for each key, under which items the ledger has calls of it.
func (seen *ruleSeen) numbered(v *ledger.View, address, key string) error {
	if seen.items[key] != nil {
		return nil
	}
	items, err := v.ItemsLike(address, key)
	if err != nil {
		return err
	}
	seen.items[key] = map[string]bool{}
	for _, item := range items {
		seen.items[key][item] = true
	}
	return nil
}

// foreignResult finds a result that lies in the folder of a rule of which this ledger knows nothing: somebody else has
// placed orders from there.
func foreignResult(v *ledger.View, cfg *Config, r *Rule, seen *ruleSeen) error {
	if seen.taken || seen.strange != "" {
		return nil
	}
	for _, path := range seen.archived {
		_, ours, err := v.WrittenAt(path)
		if err != nil {
			return err
		}
		if !ours {
			seen.strange = "this ledger has not written " + cfg.relative(path)
			return nil
		}
	}
	for _, name := range sortedKeys(seen.names) {
		if !matchAny(resultNames, foldName(name)) {
			continue
		}
		_, ours, err := v.WrittenAt(filepath.Join(r.Folder, name))
		if err != nil || ours {
			return err
		}
		seen.strange = cmp.Or(seen.strange, "this ledger has not written "+name)
	}
	return nil
}
