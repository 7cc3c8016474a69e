package engine

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/spf13/afero"
)

// mostLookup is how large a lookup file of in_file may be.
const mostLookup = 64 << 20

// Lookup is what csvschema asks for the values of an in_file, out of a file system.
func Lookup(fs afero.Fs) func(path, column string) (map[string]struct{}, error) {
	return func(path, column string) (map[string]struct{}, error) { return readColumn(fs, path, column) }
}

// readColumn reads one column of a lookup file (csv, column, in_file): separated by semicolons, with a header, UTF-8 or
// Windows-1252.
func readColumn(fs afero.Fs, path, column string) (map[string]struct{}, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, fmt.Errorf("in_file: %s", plainError(err))
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, mostLookup+1))
	if err != nil {
		return nil, fmt.Errorf("in_file: %s", plainError(err))
	}
	if len(raw) > mostLookup {
		return nil, fmt.Errorf("in_file: %s is larger than %s", filepath.Base(path), size(mostLookup))
	}
	r := csv.NewReader(bufio.NewReader(bytes.NewReader([]byte(decodeText(raw, "")))))
	r.Comma, r.FieldsPerRecord = ';', -1
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("in_file: read %s: %w", filepath.Base(path), err)
	}
	at := slices.Index(header, column)
	if at < 0 {
		return nil, fmt.Errorf("in_file: %s has no column %q", filepath.Base(path), column)
	}
	values := map[string]struct{}{}
	for {
		record, err := r.Read()
		if err == io.EOF { //nolint:errorlint // encoding/csv returns it bare
			return values, nil
		}
		if err != nil {
			return nil, fmt.Errorf("in_file: read %s: %w", filepath.Base(path), err)
		}
		if at < len(record) {
			values[record[at]] = struct{}{}
		}
	}
}
