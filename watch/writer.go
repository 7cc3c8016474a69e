package watch

// WriterState is the answer of the writer test.
type WriterState int

// The answers of [Writer].
const (
	Unknown WriterState = iota // the system or the file system cannot tell
	Free                       // no process has the file open for writing
	Busy                       // some process has
)

// Writer asks the system whether a process has the regular file at path, a real
// path, open for writing. Linux: a read lease, granted in microseconds only if
// nobody has, and given back at once; a program that opens the file for writing
// in between waits for that. Windows: opening it without sharing writes.
// Elsewhere, and where the file cannot be opened, the answer is Unknown.
func Writer(path string) WriterState { return writer(path) }
