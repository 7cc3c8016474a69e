package durable

import "os"

// Stamp tells two states of a file apart without reading it: size in bytes, times in nanoseconds since 1970, and the
// file's identity. A Stamp is evidence of sameness only together with the file's name; content decides.
type Stamp struct {
	Size    int64 `json:"size"`
	ModTime int64 `json:"mod_time"`
	// ChangeTime is when content, mode or links last changed (Windows: when the file was created). 0 where unknown.
	ChangeTime int64 `json:"change_time"`
	// FileID is "device:inode". Empty on Windows and in memory.
	FileID string `json:"file_id"`
}

// StampOf reads a Stamp out of what Stat or Lstat returned.
func StampOf(fi os.FileInfo) Stamp {
	s := Stamp{Size: fi.Size(), ModTime: fi.ModTime().UnixNano()}
	s.ChangeTime, s.FileID = identity(fi)
	return s
}

// Equal reports whether nothing in the two stamps speaks for a change.
func (s Stamp) Equal(other Stamp) bool { return s == other }
