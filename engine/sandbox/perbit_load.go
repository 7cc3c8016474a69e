package sandbox

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// What one import keeps in memory: rows and bytes staged for its end, and
// rejected rows listed in the protocol. All rows are checked and counted.
const (
	maxStagedRows  = 20_000
	maxStagedBytes = 8 << 20
	maxListed      = 1000
)

// dateLayout is TT.MM.JJJJ.
const dateLayout = "02.01.2006"

// importLoad is one import file as it is read: counts, complaints, and the good
// rows that wait for the end of the job.
type importLoad struct {
	method   Method
	header   []string
	misfit   bool // the header does not suit the method: every row is rejected
	rows     [][]string
	staged   int // bytes in rows
	seen     int // data rows
	unstaged int // good rows beyond what is kept
	rejected int
	listed   []string // "Zeile n: reason", at most maxListed
	locked   int      // good rows still to be rejected for a fault, -1 = all
}

func newImportLoad(m Method) *importLoad { return &importLoad{method: m} }

// rejectNext rejects the next n good rows, or all if n is 0.
func (l *importLoad) rejectNext(n int) {
	l.locked = n
	if n == 0 {
		l.locked = -1
	}
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 32<<10) }}

// read takes the whole body; its error is the body's.
func (l *importLoad) read(body io.Reader) error {
	buffer := readers.Get().(*bufio.Reader)
	buffer.Reset(body)
	defer func() {
		buffer.Reset(nil)
		readers.Put(buffer)
	}()
	records := &recordReader{from: buffer}
	for {
		record, line, fault, err := records.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if l.header == nil {
			record = []byte(strings.TrimPrefix(string(record), "\ufeff"))
		}
		if len(record) > 0 || fault != "" {
			l.take(record, line, fault)
		}
	}
}

// take books one record, the first as header.
func (l *importLoad) take(record []byte, line int, fault string) {
	var fields []string
	if fault == "" {
		fields, fault = splitFields(decodeText(string(record)))
	}
	if l.header == nil {
		l.takeHeader(fields, line, fault)
		return
	}
	l.seen++
	if l.misfit {
		l.rejected++
		return
	}
	reason := fault
	if reason == "" {
		reason = l.complaint(fields)
	}
	if reason == "" && l.locked != 0 {
		l.locked--
		reason = "Der Datensatz ist gesperrt."
	}
	if reason != "" {
		l.rejected++
		l.list(line, reason)
		return
	}
	size := len(record) + 16*len(fields) // and a string header each
	if len(l.rows) >= maxStagedRows || l.staged+size > maxStagedBytes {
		l.unstaged++
		return
	}
	l.rows, l.staged = append(l.rows, fields), l.staged+size
}

func (l *importLoad) list(line int, reason string) {
	if len(l.listed) < maxListed {
		l.listed = append(l.listed, fmt.Sprintf("Zeile %d: %s", line, reason))
	}
}

func (l *importLoad) takeHeader(fields []string, line int, fault string) {
	l.header = make([]string, len(fields))
	for i, name := range fields {
		l.header[i] = strings.TrimSpace(name)
	}
	reason := fault
	if reason == "" {
		reason = l.headerComplaint()
	}
	if reason != "" {
		l.misfit = true
		l.list(line, reason+" Alle Datensätze wurden abgewiesen.")
	}
}

func (l *importLoad) headerComplaint() string {
	for i, name := range l.header {
		if len(l.method.Columns) > 0 && !slices.Contains(l.method.Columns, name) {
			return fmt.Sprintf("Die Spalte „%s“ ist in der Importmethode nicht vorhanden.", name)
		}
		if slices.Contains(l.header[:i], name) {
			return fmt.Sprintf("Die Spalte „%s“ kommt mehrfach vor.", name)
		}
	}
	for _, name := range slices.Concat(l.method.Key, l.method.Required) {
		if !slices.Contains(l.header, name) {
			return fmt.Sprintf("Die Spalte „%s“ fehlt.", name)
		}
	}
	return ""
}

// complaint is why a row is rejected, "" if it is good.
func (l *importLoad) complaint(fields []string) string {
	if len(fields) != len(l.header) {
		return fmt.Sprintf("Falsche Anzahl Spalten: %d statt %d.", len(fields), len(l.header))
	}
	for i, name := range l.header {
		value := strings.TrimSpace(fields[i])
		switch {
		case value == "" && slices.Contains(l.method.Key, name):
			return fmt.Sprintf("Das Schlüsselfeld „%s“ ist leer.", name)
		case value == "" && slices.Contains(l.method.Required, name):
			return fmt.Sprintf("Das Pflichtfeld „%s“ ist leer.", name)
		case value == "":
		case slices.Contains(l.method.Dates, name) && !isDate(value):
			return fmt.Sprintf("„%s“ ist kein gültiges Datum (Spalte „%s“).", value, name)
		case refersToFile(value):
			return fmt.Sprintf("Verweise auf Dateien können nicht importiert werden (Spalte „%s“).", name)
		}
	}
	return ""
}

func isDate(s string) bool {
	_, err := time.Parse(dateLayout, s)
	return err == nil
}

// refersToFile recognises what an import may not hold (perbit 2.3).
func refersToFile(s string) bool {
	drive := len(s) > 3 && s[1] == ':' && (s[2] == '\\' || s[2] == '/')
	return drive || strings.HasPrefix(s, `\\`) || len(s) > 5 && strings.EqualFold(s[:5], "file:")
}

// apply writes the good rows into the table, last one wins.
func (l *importLoad) apply(t *liveTable) (created, changed int) {
	if len(l.rows) == 0 {
		// The header may be one that was turned down: it must not add columns.
		return 0, 0
	}
	t.prepare(l.header, l.method.Key)
	for _, row := range l.rows {
		if t.upsert(row) {
			created++
		} else {
			changed++
		}
	}
	return created + l.unstaged, changed
}

const protocolTime = "02.01.2006 15:04:05"

// protocol is the text that perbit would give out for an import that has ended.
func (j *perbitJob) protocol() []byte {
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "%-14s%v\r\n", name+":", value) }
	b.WriteString("Importprotokoll\r\n===============\r\n\r\n")
	line("Objekt", j.method.Object)
	line("Methode", j.method.Name)
	line("Benutzer", j.user)
	line("Import-ID", j.id)
	line("Beginn", j.started.Format(protocolTime))
	line("Ende", j.finished.Format(protocolTime))
	b.WriteString("\r\n")
	switch j.state {
	case jobFaulted:
		b.WriteString("Der Import konnte nicht ausgeführt werden. Es wurden keine Daten geändert.\r\n")
		return []byte(b.String())
	case jobCanceled:
		b.WriteString("Der Import wurde abgebrochen. Es wurden keine Daten geändert.\r\n")
		return []byte(b.String())
	}
	line("Gelesen", j.load.seen)
	line("Neu angelegt", j.created)
	line("Geändert", j.changed)
	line("Abgewiesen", j.load.rejected)
	b.WriteString("\r\n")
	j.load.complaints(&b)
	return []byte(b.String())
}

func (l *importLoad) complaints(b *strings.Builder) {
	switch {
	case l.header == nil:
		b.WriteString("Die Importdatei ist leer.\r\n")
	case len(l.listed) == 0:
		b.WriteString("Der Import wurde ohne Fehler beendet.\r\n")
	default:
		b.WriteString("Abgewiesene Datensätze:\r\n")
		for _, text := range l.listed {
			b.WriteString(text + "\r\n")
		}
		if more := l.rejected - len(l.listed); more > 0 && !l.misfit {
			fmt.Fprintf(b, "... und %d weitere\r\n", more)
		}
		b.WriteString("\r\nDer Import wurde mit Fehlern beendet.\r\n")
	}
}
