//go:build unix && !linux && !darwin

package durable

import "os"

func renameExclusive(from, to string) error { return linkExclusive(from, to) }

// syncData flushes a file's bytes and size.
func syncData(f *os.File) error { return f.Sync() }

// identity leaves time and id out: size and modification time have to do on systems that we do not know.
func identity(os.FileInfo) (changeTime int64, id string) { return 0, "" }

// networkKind takes every file system for a local one.
func networkKind(string) (string, error) { return "", nil }
