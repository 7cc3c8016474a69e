package sandbox

import (
	"slices"
	"strings"
)

// maxTableRows is how many rows a table stores; further new rows are counted
// but dropped, so that a huge import cannot fill the memory.
const maxTableRows = 50_000

// liveTable is one object's data under change. The owner's lock guards it.
type liveTable struct {
	columns []string
	rows    [][]string // may be shorter than columns: the rest is empty

	// What the import under way needs, set by prepare and kept for the next one
	// with the same header and key.
	header []string
	target []int // table column of each header column
	key    []int // table columns of the key
	index  map[string]int
}

func newLiveTable(t *Table) *liveTable {
	live := &liveTable{columns: slices.Clone(t.Columns)}
	for _, row := range t.Rows {
		live.rows = append(live.rows, slices.Clone(row))
	}
	return live
}

func (t *liveTable) column(name string) int { return slices.Index(t.columns, name) }

// prepare adds the columns that are new and indexes the rows by key. An index
// over other key columns is dropped, as this import may change them.
func (t *liveTable) prepare(header, keyNames []string) {
	if !slices.Equal(t.header, header) || t.target == nil {
		t.header, t.target = header, make([]int, len(header))
		for i, name := range header {
			if t.target[i] = t.column(name); t.target[i] < 0 {
				t.columns = append(t.columns, name)
				t.target[i] = len(t.columns) - 1
			}
		}
	}
	if len(keyNames) == 0 {
		t.key, t.index = nil, nil
		return
	}
	key := make([]int, len(keyNames))
	for i, name := range keyNames {
		if key[i] = t.column(name); key[i] < 0 {
			// A header that lacks a key column brings no rows.
			return
		}
	}
	if t.index != nil && slices.Equal(t.key, key) {
		return
	}
	t.key, t.index = key, make(map[string]int, len(t.rows))
	for i, row := range t.rows {
		t.index[t.keyOf(row)] = i
	}
}

func (t *liveTable) keyOf(row []string) string {
	parts := make([]string, len(t.key))
	for i, column := range t.key {
		parts[i] = cell(row, column)
	}
	return strings.Join(parts, "\x00")
}

// upsert writes the fields of a row under the prepared header; created tells
// that its key was not there.
func (t *liveTable) upsert(fields []string) (created bool) {
	row := make([]string, len(t.columns))
	for i, column := range t.target {
		row[column] = strings.TrimSpace(fields[i])
	}
	at, found := 0, false
	if t.index != nil {
		at, found = t.index[t.keyOf(row)]
	}
	if !found {
		if len(t.rows) < maxTableRows {
			if t.index != nil {
				t.index[t.keyOf(row)] = len(t.rows)
			}
			t.rows = append(t.rows, row)
		}
		return true
	}
	// Columns that the file does not have keep their values.
	for i, value := range t.rows[at] {
		if !slices.Contains(t.target, i) {
			row[i] = value
		}
	}
	t.rows[at] = row
	return false
}

// cell returns a column of a row, "" where the row or the table has none.
func cell(row []string, column int) string {
	if column < 0 || column >= len(row) {
		return ""
	}
	return row[column]
}
