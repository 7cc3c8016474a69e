package engine

import (
	"path/filepath"
	"slices"

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
		had, err := c.had(v, imp, w, known[w.Address], f)
		if err != nil {
			return nil, err
		}
		if had && (found == nil || weight(w) >= weight(found)) {
			found = w
		}
	}
	return found, nil
}

// had reports whether another import's work dealt with the file. k is what is known of the file's name there.
func (c *Config) had(v *ledger.View, imp *Import, w *ledger.Work, k ledger.File, f FileSeen) (bool, error) {
	switch {
	case w.State == ledger.StateNotSent || w.State == ledger.StateRefused || k.State == ledger.FileRetry:
		return false, nil
	case w.State.Open() || w.State == ledger.StateUnknown:
		return w.Item == f.Name && c.sameFolder(imp, w), nil
	case k.Digest == f.Digest && k.State.DealtWith() && k.Stamp != (durable.Stamp{}):
		return k.Stamp.Equal(f.Stamp), nil
	case w.Item != f.Name || !c.sameFolder(imp, w):
		return false, nil
	case w.ID >= k.Work:
		return true, nil // it ended while its file was not where its block looked for it
	}
	return movedBetween(v, w, k)
}

// movedBetween reports whether the block of w may have taken what is newest of the name from another folder than w's file, which
// then still lies where it was: its definition has changed between the two. Under the same one the newer file replaced it.
func movedBetween(v *ledger.View, w *ledger.Work, k ledger.File) (bool, error) {
	all, err := v.WorkOf(w.Address, w.Item)
	return slices.ContainsFunc(all, func(newer ledger.Work) bool { return newer.ID == k.Work && newer.Definition != w.Definition }), err
}

// sameFolder reports whether another import's file may have come from this import's folder. What has changed since its block
// sent it is not known, so it may.
func (c *Config) sameFolder(imp *Import, w *ledger.Work) bool {
	at, err := c.ParseAddress(w.Address)
	if err != nil {
		return true
	}
	other := c.ImportAt(at)
	if other == nil {
		return true
	}
	_, now := other.encode()
	return now != w.Definition || foldName(filepath.Clean(other.Folder)) == foldName(filepath.Clean(imp.Folder))
}
