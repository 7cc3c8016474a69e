package conbox

import (
	"context"
	"errors"
	"io"
	"testing"
)

// TestOnceBody: the body is handed out once, and its last block not at all when the request has ended before.
func TestOnceBody(t *testing.T) {
	ended := errors.New("ended")
	ctx, cancel := context.WithCancelCause(t.Context())
	b := &onceBody{ctx: ctx, rest: []byte("abcdef")}
	block := make([]byte, 4)
	if n, err := b.Read(block); n != 4 || err != nil || b.complete() {
		t.Error(n, err)
	}
	cancel(ended)
	if n, err := b.Read(block); n != 0 || !errors.Is(err, ended) || b.complete() {
		t.Error(n, err)
	}
	whole := &onceBody{ctx: t.Context(), rest: []byte("abcdef")}
	if raw, err := io.ReadAll(whole); string(raw) != "abcdef" || err != nil || !whole.complete() {
		t.Errorf("%s, %v", raw, err)
	}
	if raw, err := io.ReadAll(whole); len(raw) != 0 || err != nil {
		t.Errorf("a second time: %s, %v", raw, err)
	}
}
