package engine

import (
	"path/filepath"

	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// A folder, or a name in it, may pass from one import to another by an edit, and a block may be renamed without moved. What the
// one has sent, or may have sent, of a file that lies there is not sent again by the other, whatever its method: it was
// dropped once.

// elsewhere is the work of another import that dealt with this very file, or is about to; nil where there is none. Of several
// that counts which is open, then which is unknown. block is how the ledger calls the import.
func (c *Config) elsewhere(v *ledger.View, imp *Import, block string, f FileSeen) (*ledger.Work, error) {
	all, known, err := v.Elsewhere(block, f.Name, f.Digest)
	if err != nil {
		return nil, err
	}
	var found *ledger.Work
	weight := func(w *ledger.Work) int {
		switch {
		case w.State.Open():
			return 2
		case w.State == ledger.StateUnknown:
			return 1
		}
		return 0
	}
	for i := range all {
		w := &all[i]
		if c.had(imp, w, known[w.Address], f) && (found == nil || weight(w) >= weight(found)) {
			found = w
		}
	}
	return found, nil
}

// had reports whether another import's work dealt with the file. k is what is known of the file's name there.
func (c *Config) had(imp *Import, w *ledger.Work, k ledger.File, f FileSeen) bool {
	switch {
	case w.State == ledger.StateNotSent || w.State == ledger.StateRefused || k.State == ledger.FileRetry:
		return false
	case w.State.Open() || w.State == ledger.StateUnknown:
		return w.Item == f.Name && c.sameFolder(imp, w)
	case k.Digest == f.Digest && k.State.DealtWith() && k.Stamp != (durable.Stamp{}):
		return k.Stamp.Equal(f.Stamp)
	}
	// It ended while its file was not where its block looked for it.
	return w.Item == f.Name && w.ID >= k.Work && c.sameFolder(imp, w)
}

// sameFolder reports whether another import's file may have come from this import's folder. What has changed since its block
// sent it is not known, so it may.
func (c *Config) sameFolder(imp *Import, w *ledger.Work) bool {
	at, err := c.ParseAddress(w.Address)
	if err != nil {
		return true
	}
	other := c.importAt(at)
	if other == nil {
		return true
	}
	_, now := other.encode()
	return now != w.Definition || foldName(filepath.Clean(other.Folder)) == foldName(filepath.Clean(imp.Folder))
}
