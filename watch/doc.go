// Package watch turns the outside world into four kinds of news: a file in a
// drop folder is complete, a due time has come, the configuration was edited,
// a folder is in trouble or well again.
//
// # What it promises
//
//   - A file is reported only when it is complete by the four rules of the
//     language's settle attribute, judged on this process's own monotonic
//     clock. Modification times, past or future, are compared but never
//     believed.
//   - Nothing is missed for good. Events are hints; the directory listing is
//     the truth. A watch is added before the folder is listed, every folder is
//     listed again at its poll interval, and a lost event, a full queue, a
//     dead watch or an exchanged folder each end in a listing.
//   - A file is reported once for each state (size, times, file id) in which it
//     was seen complete. After a restart or [Watcher.Rescan] it is reported
//     again: the ledger, not this package, knows what was done.
//   - Waiting costs little. A reader that does not read leaves the files on
//     disk: no goroutine and no timer per file, and a bounded number of names
//     in memory beside the sorted listing of the folder under way.
//
// # What it does not promise
//
// It opens files only to ask whether a writer has them, never to read them, and
// it changes nothing in any folder. That a file stays as it was when reported
// is for the engine to verify while sending. Sub-folders, symbolic links and
// everything else that is not a regular file are passed over in silence.
//
// # Who owns what
//
// One goroutine owns each folder and does all of its I/O, so that a share that
// hangs holds up only itself. One goroutine reads the system's events and does
// nothing but store names in each folder's bounded inbox. One owns the due
// times, one the configuration. [Watcher.Run] starts them all and waits for
// them all. Apart from the package's own probes of writers and file systems,
// which need real paths, files are reached through afero.
package watch
