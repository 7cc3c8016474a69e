package engine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gocarina/gocsv"
	"github.com/spf13/afero"

	"dropform/engine/conbox"
	"dropform/engine/durable"
	"dropform/engine/failpoint"
	"dropform/engine/ledger"
)

// purposeResult is the purpose under which result files are recorded; their digest is that of the file they belong to.
const purposeResult = "result"

// answered is a good answer with the image that was written of it.
type answered struct {
	answer *conbox.Answer
	image  string
}

// resultRow is one line of a result file: one call that may have left this machine. Numbers are the server's own text.
type resultRow struct {
	Time         string `csv:"Time"`
	Address      string `csv:"Address"`
	Attempt      int64  `csv:"Attempt"` // tells a line that was written from one that a crash cut off
	Line         int64  `csv:"Line"`
	Outcome      string `csv:"Outcome"`
	Success      string `csv:"Success"`
	ErrorMessage string `csv:"ErrorMessage"`
	Action       string `csv:"Action"`
	DocTyp       string `csv:"DocTyp"`
	DocNbr       string `csv:"DocNbr"`
	PosNbr       string `csv:"PosNbr"`
	PositionGuid string `csv:"PositionGuid"`
	SrcDocTyp    string `csv:"SrcDocTyp"`
	SrcDocNbr    string `csv:"SrcDocNbr"`
	SrcPosNbr    string `csv:"SrcPosNbr"`
	ExtPchNbr    string `csv:"ExtPchNbr"`
	Amount       string `csv:"Amount"`
	ReadyStatus  string `csv:"ReadyStatus"`
	WarNbr       string `csv:"WarNbr"`
	WarDsc       string `csv:"WarDsc"`
	WarDscEx1    string `csv:"WarDscEx1"`
	WarDscEx2    string `csv:"WarDscEx2"`
	ProductText  string `csv:"ProductText"`
	PrdGrp       string `csv:"PrdGrp"`
	PrdGrpDsc    string `csv:"PrdGrpDsc"`
	ListPrice    string `csv:"ListPrice"`
	FCoPrc       string `csv:"FCoPrc"`
	PosImgWidth  string `csv:"PosImgWidth"`
	PosImgHeight string `csv:"PosImgHeight"`
	PosImgURL    string `csv:"PosImgURL"`
	Image        string `csv:"Image"` // the file it was decoded to
	ServiceData  string `csv:"ServiceData"`
}

// resultLine is the line that a call leaves in its result file; nil where it has none, because it follows another rule.
func (n *run) resultLine(a *Action, att ledger.Attempt, r *answered, state ledger.State, message string) *ledger.ResultLine {
	row := resultRow{
		Address: a.Address.String(), Attempt: att.ID, Line: a.Call.Line, Outcome: string(state), ErrorMessage: message,
		ServiceData: string(a.Call.Data),
	}
	row.sent(a.Call.Data)
	if r != nil {
		row.Success, row.ErrorMessage, row.Image = "true", r.answer.ErrorMessage, r.image
		row.returned(&r.answer.Data)
	} else if state == ledger.StateRefused {
		row.Success = "false"
	}
	return n.lineOf(a, row)
}

// said are the fields that a call sends and an answer returns.
func (r *resultRow) said() map[string]*string {
	return map[string]*string{
		"DocTyp": &r.DocTyp, "DocNbr": &r.DocNbr, "PosNbr": &r.PosNbr, "PositionGuid": &r.PositionGuid,
		"SrcDocTyp": &r.SrcDocTyp, "SrcDocNbr": &r.SrcDocNbr, "SrcPosNbr": &r.SrcPosNbr, "ExtPchNbr": &r.ExtPchNbr,
		"Amount": &r.Amount, "ReadyStatus": &r.ReadyStatus,
	}
}

// sent fills in what the call says, as it is sent.
func (r *resultRow) sent(data []byte) {
	said := r.said()
	said["Action"] = &r.Action // whichever spelling the server answers with
	for _, f := range sentFields(data) {
		to := said[f.Name]
		if to == nil {
			continue
		}
		if json.Unmarshal([]byte(f.Value), to) != nil { // no text: a number or a truth value, as it stands
			*to = f.Value
		}
	}
}

func (n *run) lineOf(a *Action, row resultRow) *ledger.ResultLine {
	path, err := n.resultPath(a)
	if err != nil || path == "" {
		return nil
	}
	row.Time = n.o.Now().In(n.cfg.Location).Format(time.RFC3339)
	header, text, err := encodeRow(&row)
	if err != nil { // a struct of texts always encodes
		panic(err)
	}
	return &ledger.ResultLine{Path: path, Header: header, Text: text}
}

// returned fills in what the server said; what it did not say stays as it was sent.
func (r *resultRow) returned(d *conbox.Data) {
	said := r.said()
	for _, f := range d.Fields() {
		if to := said[f.Name]; to != nil {
			*to = cmp.Or(f.Value, *to)
		}
	}
	r.WarNbr, r.WarDsc, r.WarDscEx1, r.WarDscEx2, r.ProductText = d.WarNbr, d.WarDsc, d.WarDscEx1, d.WarDscEx2, d.ProductText
	r.PrdGrp, r.PrdGrpDsc, r.ListPrice, r.FCoPrc = d.PrdGrp, d.PrdGrpDsc, d.ListPrice, d.FCoPrc
	r.PosImgWidth, r.PosImgHeight, r.PosImgURL = d.PosImgWidth, d.PosImgHeight, d.PosImgURL
}

// returnedJSON is what the server returned, for rules that follow: every field that it gave, as text.
func returnedJSON(a *conbox.Answer) string {
	out := map[string]any{}
	for _, f := range a.Data.Fields() {
		if f.Value != "" && f.Name != "PosData" {
			out[f.Name] = f.Value
		}
	}
	raw, err := json.Marshal(out)
	if err != nil { // texts always encode
		panic(err)
	}
	return string(raw)
}

// encodeRow writes a row as a German spreadsheet reads it.
func encodeRow(row *resultRow) (header, text string, err error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = ';', true
	if err := gocsv.MarshalCSV([]*resultRow{row}, gocsv.NewSafeCSVWriter(w)); err != nil {
		return "", "", err
	}
	header, text, _ = strings.Cut(b.String(), "\r\n")
	return header, text, nil
}

// resultPath is where the result of a call's file goes; empty for a call that follows another rule.
func (n *run) resultPath(a *Action) (string, error) {
	if a.File.Name == "" {
		return "", nil
	}
	name, err := a.Rule.Result.Path(a.Rule.scope(n.cfg, a.File))
	if err != nil {
		return "", fmt.Errorf("result.path: %w", err)
	}
	return beside(a.Rule.Folder, name), nil
}

// writeLines writes the lines that the ledger still owes the rule. A failure leaves them owed; the outcome stands. Only what
// became of the line of work is told with it, 0 for all of them.
func (n *run) writeLines(ctx context.Context, a *Action, work int64, e *ending) {
	err := n.writeOwed(ctx, a.Address.Block().String(), work)
	if err == nil {
		return
	}
	e.text += "; its line is not in the result yet: " + plainError(err)
	e.next = cmp.Or(e.next, "close the program that has the result open, or make room; the next run writes the line, and sends nothing again")
	if work == 0 {
		e.result, e.code = ResultFailed, "result"
	}
}

// writeOwed writes the owed lines of a block, of all blocks where address is empty. The error is that of work's line, for 0
// the first of any.
func (n *run) writeOwed(ctx context.Context, address string, work int64) error {
	ctx, cancel := recording(ctx)
	defer cancel()
	var owed []ledger.ResultLine
	err := n.o.Ledger.Reader().View(ctx, func(v *ledger.View) error {
		var err error
		owed, err = v.OwedLines(address)
		return err
	})
	for _, line := range owed {
		if failure := n.writeLine(ctx, line, work != 0 && line.Work == work); failure != nil && err == nil && (work == 0 || line.Work == work) {
			err = failure
		}
	}
	return err
}

// linesAtOnce is how many lines are noted as written, and flushed to the disk, together. Until then the ledger owes them, so
// that a crash loses none; one that stands already is found and not repeated.
const linesAtOnce = 64

// writeLine appends one line. One that this process has owed from the beginning cannot stand in its file yet; any other may.
func (n *run) writeLine(ctx context.Context, line ledger.ResultLine, own bool) error {
	if n.lines.has(line.ID) {
		return nil
	}
	failpoint.At("line.owed")
	if err := n.startResult(ctx, line); err != nil {
		return err
	}
	failpoint.At("line.started")
	if err := n.appendLine(line, own); err != nil {
		return err
	}
	failpoint.At("line.appended")
	if n.lines.add(line) < linesAtOnce {
		return nil
	}
	return n.noteLines(ctx)
}

// noteLines flushes what was appended and then notes that it stands.
func (n *run) noteLines(ctx context.Context) error {
	ctx, cancel := recording(ctx)
	defer cancel()
	ids, paths := n.lines.take()
	for _, path := range paths {
		if err := flush(n.o.FS, path); err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		return nil
	}
	defer failpoint.At("line.noted")
	return n.o.Ledger.LineWritten(ctx, ids...)
}

// flush makes what was appended to a file durable, and its name.
func flush(fs afero.Fs, path string) error {
	f, err := fs.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil // somebody has taken it away
	}
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return durable.SyncDir(fs, filepath.Dir(path))
}

// appended are lines that stand in their files and of which the ledger does not know it yet.
type appended struct {
	mu    sync.Mutex
	lines map[int64]string // path by line
}

func (l *appended) has(id int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.lines[id]
	return ok
}

// add notes a line and answers how many there are.
func (l *appended) add(line ledger.ResultLine) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines == nil {
		l.lines = map[int64]string{}
	}
	l.lines[line.ID] = line.Path
	return len(l.lines)
}

func (l *appended) take() (ids []int64, paths []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, path := range l.lines {
		ids = append(ids, id)
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	l.lines = nil
	return ids, paths
}

// startResult sees to it that the result file is this content's: one of an earlier content of the same name is kept under
// a name with its time.
func (n *run) startResult(ctx context.Context, line ledger.ResultLine) error {
	var w ledger.Written
	var known bool
	err := n.o.Ledger.Reader().View(ctx, func(v *ledger.View) error {
		var err error
		w, known, err = v.WrittenAt(line.Path)
		return err
	})
	if err != nil || known && w.Digest == line.Content {
		return err
	}
	wrote := []ledger.Written{{Path: line.Path, Address: line.Address, Purpose: purposeResult, Digest: line.Content}}
	kept, err := keepEarlier(n.o.FS, line.Path, "")
	if err != nil {
		return err
	}
	if kept != "" && known { // ours still, under its new name
		wrote = append(wrote, ledger.Written{Path: kept, Address: w.Address, Purpose: purposeResult, Digest: w.Digest})
	}
	return n.o.Ledger.Put(ctx, nil, nil, wrote, "", "", "")
}

// byteOrderMark lets a spreadsheet read the file as UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// appendLine adds a line. What a crash cut off behind the last line end goes; a line that stands is not repeated. A file that
// is as this process left it is not read again for a line of its own.
func (n *run) appendLine(line ledger.ResultLine, own bool) error {
	fs := n.o.FS
	if err := durable.MkdirAll(fs, filepath.Dir(line.Path), 0o755); err != nil {
		return err
	}
	f, err := fs.OpenFile(line.Path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if size := info.Size(); own && size > 0 && size == n.lengths.of(line.Path) {
		_, err = f.WriteAt([]byte(line.Text), size)
	} else {
		var whole []byte
		if whole, err = io.ReadAll(f); err == nil {
			err = addLine(f, whole, line)
		}
	}
	if err == nil {
		if info, err = f.Stat(); err == nil {
			n.lengths.note(line.Path, info.Size())
		}
	}
	return errors.Join(err, f.Close())
}

// lengths are how long this process left its result files.
type lengths struct {
	mu sync.Mutex
	at map[string]int64
}

func (l *lengths) of(path string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at[path]
}

func (l *lengths) note(path string, size int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil {
		l.at = map[string]int64{}
	}
	l.at[path] = size
}

func addLine(f afero.File, whole []byte, line ledger.ResultLine) error {
	end := lastRecord(whole)
	if err := f.Truncate(end); err != nil {
		return err
	}
	if bytes.Contains(whole[:end], []byte("\n"+line.Text)) {
		return nil
	}
	text := line.Text
	if end == 0 {
		text = byteOrderMark + line.Header + "\r\n" + text
	}
	_, err := f.WriteAt([]byte(text), end)
	return err
}

// lastRecord is where the last whole record ends: at a line end outside quotes.
func lastRecord(whole []byte) (end int64) {
	quoted := false
	for i, c := range whole {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n' && !quoted:
			end = int64(i + 1)
		}
	}
	return end
}

// writeImage writes the decoded image of a position beside the result.
func (n *run) writeImage(ctx context.Context, a *Action, answer *conbox.Answer) (string, error) {
	if a.Rule.Result.Images == nil || len(answer.Image) == 0 || a.File.Name == "" {
		return "", nil
	}
	folder, err := a.Rule.Result.Images(a.Rule.scope(n.cfg, a.File))
	if err != nil {
		return "", fmt.Errorf("result.images: %w", err)
	}
	name := imageName(a.Address.Item) + imageSuffix(answer.Image)
	path := filepath.Join(folder, name)
	if err := n.makeRoom(ctx, path); err != nil {
		return "", err
	}
	err = durable.WriteFile(n.o.FS, path, 0o644, func(w io.Writer) error {
		_, err := w.Write(answer.Image)
		return err
	})
	return n.cfg.relative(path), err
}

// imageName makes a file name of an item, on every system: what is not a letter, a digit, a point, a hyphen or a # becomes _.
func imageName(item string) string {
	name := strings.Map(func(r rune) rune {
		if r == '-' || r == '#' || r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, item)
	if durable.ValidName(name) != nil {
		name = "_" + name
	}
	return name
}

func imageSuffix(image []byte) string {
	switch http.DetectContentType(image) {
	case "image/png":
		return ".png"
	case "image/jpeg":
		return ".jpg"
	case "image/gif":
		return ".gif"
	case "image/bmp":
		return ".bmp"
	}
	return ".img"
}
