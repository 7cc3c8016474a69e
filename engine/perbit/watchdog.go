package perbit

import (
	"context"
	"sync"
	"time"

	"dropform/engine/wire"
)

// watchdog cancels a request when nothing has moved for limit. A limit of 0 means never.
type watchdog struct {
	limit  time.Duration
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
	over  bool
}

func newWatchdog(limit time.Duration, cancel context.CancelCauseFunc) *watchdog {
	w := &watchdog{limit: limit, cancel: cancel}
	if limit > 0 {
		w.timer = time.AfterFunc(limit, func() { cancel(wire.TimeoutError{Limit: limit}) })
	}
	return w
}

// touch starts the time anew.
func (w *watchdog) touch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil && !w.over {
		w.timer.Reset(w.limit)
	}
}

// pause stops the time until the next touch.
func (w *watchdog) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// end stops the time for good and releases the request's context.
func (w *watchdog) end() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	w.pause()
	w.cancel(nil)
}
