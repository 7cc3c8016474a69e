package engine

import (
	"slices"

	"dropform/engine/csvschema"
	"dropform/engine/durable"
)

// A file that waits for its connection is looked at with each try of that, for hours if need be. What one pass over it found is
// kept meanwhile, so that it is read once. That is a note for the plan and no more: before its first byte leaves, a file is
// read and compared with the digest, and where that is another one the note is thrown away.

// reading is what a pass over a file found that may be sent.
type reading struct {
	stamp  durable.Stamp
	rules  string // digest of those it satisfied
	digest string
	send   Sending
	rows   int64
}

// mostReadings bounds what is kept of one block's files; those beyond it are read again.
const mostReadings = 16384

// steady reports whether a file that satisfies the import's rules once does so until it or they change: nothing outside the
// file has a say.
func (i *Import) steady() bool {
	return i.CSV == nil || len(i.CSV.Checks) == 0 && !i.CSV.HasMaxShrink &&
		!slices.ContainsFunc(i.CSV.Columns, func(c csvschema.Column) bool { return c.InFile != nil })
}

// recall takes what is known of a file that has not changed since it was read.
func (s *scope) recall(seen *importSeen, f *fileFacts) bool {
	if s == nil {
		return false
	}
	r, known := s.read[f.Name]
	if !known || !r.stamp.Equal(f.Stamp) || r.rules != seen.checked {
		return false
	}
	f.Digest, f.Send, f.Rows = r.digest, r.send, r.rows
	return true
}

// keepReadings notes what was read of the files that wait for nothing but their connection, and drops what is known of the
// others that were looked at. Only the block's worker touches the notes.
func (d *desk) keepReadings(imp *Import, seen *importSeen, waits map[string]bool) {
	if imp == nil || seen == nil {
		return
	}
	for _, f := range seen.files {
		good := f.err == nil && !f.busy && f.report == nil && f.Digest != ""
		if !waits[f.Name] || !good || !imp.steady() {
			delete(d.read, f.Name)
		} else if len(d.read) < mostReadings {
			d.read[f.Name] = reading{f.Stamp, seen.checked, f.Digest, f.Send, f.Rows}
		}
	}
}
