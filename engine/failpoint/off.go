//go:build !failpoints

package failpoint

import "context"

// At is a moment at which a crash has to be survived. It does nothing.
func At(string) {}

// Bad reports whether an engine that is known to be wrong was asked for. It never was.
func Bad(string) bool { return false }

// Query is a compare-and-set as it stands.
func Query(query string) string { return query }

// Early is do as it stands.
func Early[T any](_ context.Context, do func(context.Context) (T, error)) func(context.Context) (T, error) {
	return do
}
