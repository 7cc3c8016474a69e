package engine

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/afero"
)

// mostLookup is how large a lookup file of in_file may be.
const mostLookup = 64 << 20

// LookupError says that the file which an in_file names, not the one that is checked, cannot be used.
type LookupError struct {
	Path   string // as the configuration has it, made absolute
	Reason string
}

func (e *LookupError) Error() string {
	return fmt.Sprintf("the reference file %s: %s", e.Path, e.Reason)
}

// Lookup is what csvschema asks for the values of an in_file, out of a file system.
func Lookup(fs afero.Fs) func(path, column string) (map[string]struct{}, error) {
	return func(path, column string) (map[string]struct{}, error) { return readColumn(fs, path, column) }
}

// readColumn reads one column of a lookup file (csv, column, in_file): separated by semicolons, with a header, UTF-8 or
// Windows-1252.
func readColumn(fs afero.Fs, path, column string) (map[string]struct{}, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, &LookupError{path, reasonOf(err)}
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, mostLookup+1))
	if err != nil {
		return nil, &LookupError{path, reasonOf(err)}
	}
	if len(raw) > mostLookup {
		return nil, &LookupError{path, fmt.Sprintf("it is larger than %s", size(mostLookup))}
	}
	r := csv.NewReader(bufio.NewReader(bytes.NewReader([]byte(decodeText(raw, "")))))
	r.Comma, r.FieldsPerRecord = ';', -1
	header, err := r.Read()
	if err != nil {
		return nil, &LookupError{path, reasonOf(err)}
	}
	at := slices.Index(header, column)
	if at < 0 {
		return nil, &LookupError{path, fmt.Sprintf("it has no column %q", column)}
	}
	values := map[string]struct{}{}
	for {
		record, err := r.Read()
		if err == io.EOF { //nolint:errorlint // encoding/csv returns it bare
			return values, nil
		}
		if err != nil {
			return nil, &LookupError{path, reasonOf(err)}
		}
		if at < len(record) {
			values[record[at]] = struct{}{}
		}
	}
}
