// Package durable puts files on disk so that a crash at any line leaves something a later run understands.
//
// It promises: a file written here is seen whole or not at all under its name; a file that is moved exists under at
// least one of its two names at every moment; nothing that stood at the target of a Move is ever overwritten; an
// error leaves no temporary file behind and wraps its cause. It does not promise that two processes writing the same
// target are ordered (take a Lock), and it decides nothing about names beyond what a file system can hold.
//
// File access goes through afero, so that the engine can be tested in memory. Lock, Private, MkdirPrivate, Network
// and the exclusive rename need a file of the operating system and take real paths. Any package of the engine may
// call it; it knows none of them.
//
// # The crash contract
//
// "Crash" is a kill -9 or a power cut; after a power cut the word "durable" is what holds.
//
// WriteFile, and Create with Commit:
//
//	before the temporary file is made    the old target, or none
//	while writing, after fsync, close    the old target, and a temporary file .NAME.<random>.dropform-tmp beside it
//	after the rename                     the whole new target; a power cut may still bring back the old one whole
//	after the folder's fsync (return)    the whole new target, durable
//
// A Gathering does the same for several files at once: the table holds for each of them.
//
// Move on one volume:
//
//	before the rename                    the file under its old name
//	after the rename                     under its new name; a power cut may bring back the old name
//	after both folders' fsync (return)   under its new name, durable
//
// Where the file system has no exclusive rename, Move links the new name and then removes the old one: a crash between
// the two leaves both names for the same file.
//
// Move across volumes:
//
//	while copying and verifying          the file under its old name, and a temporary file in the target folder
//	after the temporary file is renamed  the same bytes under both names
//	after the old name is removed        under its new name, already durable
//
// The target folder is flushed before the old name is removed, so no power cut loses both. A caller that finds both
// names after a crash compares their digests and removes the old one: Move itself then reports os.ErrExist, because
// it cannot know that the file at the target is its own.
//
// RemoveTemp clears what a crash left behind. A Lock ends with its process, however that ends, and MkdirAll makes
// every folder that it creates durable in its parent.
//
// On Windows folders cannot be flushed; there NTFS orders its own metadata, and the contract rests on that.
package durable
