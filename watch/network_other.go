//go:build !linux && !windows && !darwin

package watch

func network(string) string { return "" }
