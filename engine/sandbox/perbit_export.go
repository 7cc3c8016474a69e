package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// export is perbit 3.2.2, with WaitForResult 3.2.3.
func (p *perbit) export(c *perbitCall) (answer, error) {
	s, err := p.session(c)
	if err != nil {
		return answer{}, err
	}
	job, err := p.startExport(c, s.tenant, s.user)
	if err != nil {
		return answer{}, err
	}
	if c.waits() {
		return p.waitForExport(c, job)
	}
	return startedAnswer(c, job, nil), nil
}

// loginAndExport is perbit 3.2.4, with WaitForResult 3.2.5. The session is
// opened once the start has succeeded.
func (p *perbit) loginAndExport(c *perbitCall) (answer, error) {
	t, user, err := p.authenticate(c)
	if err != nil {
		return answer{}, err
	}
	job, err := p.startExport(c, t, user)
	if err != nil {
		return answer{}, err
	}
	opened := p.open(c.stream, t, user)
	if c.waits() {
		return p.waitForExport(c, job)
	}
	return startedAnswer(c, job, opened), nil
}

func (p *perbit) waitForExport(c *perbitCall, job *perbitJob) (answer, error) {
	if !p.wait(c.Context(), job) {
		panic(http.ErrAbortHandler)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if job.state != jobCompleted {
		return answer{}, refuse("Der Export konnte nicht ausgeführt werden.")
	}
	job.record.Fetched++
	return dataAnswer(job.result), nil
}

// getResult is perbit 3.2.8: as often as wanted, for one day.
func (p *perbit) getResult(c *perbitCall) (answer, error) {
	job, err := p.job(c)
	if err != nil {
		return answer{}, err
	}
	defer p.mu.Unlock()
	if job.state != jobCompleted || c.faults.has(FaultNotFoundProtocol) {
		return answer{}, refuseUnknown(c.stream)
	}
	job.record.Fetched++
	return dataAnswer(job.result), nil
}

// startExport checks the method, the right and the placeholders (perbit 3.4)
// and starts the job.
func (p *perbit) startExport(c *perbitCall, t *perbitTenant, user User) (*perbitJob, error) {
	method, err := findMethod(c, t, user)
	if err != nil {
		return nil, err
	}
	variables := parseVariables(c.param("ExportVariables"))
	for _, criterion := range method.Criteria {
		if variables[criterion.Placeholder] == "" {
			return nil, refuseEmpty(criterion.Placeholder)
		}
	}
	p.enter(t)
	job := newJob(t, user, method)
	job.variables = variables

	p.mu.Lock()
	defer p.mu.Unlock()
	job.record = &ExportRecord{
		ID: job.id, Tenant: t.ID, User: user.Name, Object: method.Object, Method: method.Name,
		Variables: variables, StartedAt: p.now(),
	}
	p.journal.exports = append(p.journal.exports, job.record)
	p.start(job, c)
	return job, nil
}

// render is the export file and its number of data rows.
func render(m Method, t *liveTable, variables map[string]string) ([]byte, int) {
	names := m.Columns
	if len(names) == 0 {
		names = t.columns
	}
	columns := make([]int, len(names))
	for i, name := range names {
		columns[i] = t.column(name)
	}
	rows := selectRows(m, t, variables)
	var b strings.Builder
	if m.Header {
		m.writeRow(&b, names)
	}
	fields := make([]string, len(columns))
	for _, row := range rows {
		for i, column := range columns {
			fields[i] = cell(row, column)
		}
		m.writeRow(&b, fields)
	}
	return encode(b.String(), m.Encoding), len(rows)
}

// selectRows applies search criteria and sort order (perbit 3.1).
func selectRows(m Method, t *liveTable, variables map[string]string) [][]string {
	var rows [][]string
	for _, row := range t.rows {
		if !slices.ContainsFunc(m.Criteria, func(c Criterion) bool {
			return !c.holds(cell(row, t.column(c.Column)), variables[c.Placeholder])
		}) {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b []string) int {
		for _, name := range m.Sort {
			column := t.column(name)
			if order := compareCells(cell(a, column), cell(b, column)); order != 0 {
				return order
			}
		}
		return 0
	})
	return rows
}

// holds is false where a date cannot be read: errors inside an export are not
// reported (perbit 3.3).
func (c Criterion) holds(value, wanted string) bool {
	if !c.From {
		return value == wanted
	}
	day, err := time.Parse(dateLayout, value)
	from, wantedErr := time.Parse(dateLayout, wanted)
	return err == nil && wantedErr == nil && !day.Before(from)
}

// compareCells sorts whole numbers by value, the rest by text.
func compareCells(a, b string) int {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

// writeRow writes a line with a delimiter or of fixed length (perbit 3.1).
func (m Method) writeRow(b *strings.Builder, fields []string) {
	delimiter := m.Delimiter
	if delimiter == "" {
		delimiter = ";"
	}
	for i, field := range fields {
		switch {
		case len(m.Widths) == 0 && i > 0:
			b.WriteString(delimiter)
			fallthrough
		case len(m.Widths) == 0:
			b.WriteString(quoted(field, delimiter))
		case i < len(m.Widths):
			b.WriteString(fitted(field, m.Widths[i]))
		}
	}
	b.WriteString("\r\n")
}

func quoted(field, delimiter string) string {
	if !strings.Contains(field, delimiter) && !strings.ContainsAny(field, "\"\r\n") {
		return field
	}
	return `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
}

// fitted cuts or pads to width characters.
func fitted(field string, width int) string {
	if n := utf8.RuneCountInString(field); n <= width {
		return field + strings.Repeat(" ", width-n)
	}
	return string([]rune(field)[:width])
}

func encode(text, name string) []byte {
	if name != "cp1252" {
		return []byte(text)
	}
	encoder := encoding.ReplaceUnsupported(charmap.Windows1252.NewEncoder())
	// With replacement nothing is left that could fail.
	data, _ := encoder.Bytes([]byte(text))
	return data
}
