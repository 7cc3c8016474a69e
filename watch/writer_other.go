//go:build !linux && !windows

package watch

func writer(string) WriterState { return Unknown }
