package conbox

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestNonces: a nonce is in one request at a time, the newest first, and too old after nonceLife.
func TestNonces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		first := &nonce{since: time.Now()}
		g.give(first)
		time.Sleep(nonceLife / 2)
		second := &nonce{since: time.Now()}
		g.give(second)
		if got := g.take(); got != second {
			t.Error("not the newest")
		}
		time.Sleep(nonceLife / 2)
		if got := g.take(); got != nil {
			t.Error("too old")
		}
		g.give(second)
		if got := g.take(); got != second {
			t.Error("young enough")
		}
		for range 2 * idleConns {
			g.give(second)
		}
		if len(g.nonces) > idleConns {
			t.Errorf("%d nonces kept", len(g.nonces))
		}
	})
}
