package durable

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

// Who comes while a flush is under way is served by the next one, together with all others that came meanwhile: what it wants
// flushed may have come too late for the one under way.
func TestLateCallersShareTheNextFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sharing{of: map[string]*flushing{}}
		errs := []error{nil, errors.New("disk full"), nil}
		var mu sync.Mutex
		done, let := 0, make(chan struct{})
		do := func() error {
			mu.Lock()
			n := done
			done++
			mu.Unlock()
			<-let
			return errs[n]
		}
		answers := make(chan error, 10)
		call := func(n int) {
			for range n {
				go func() { answers <- s.share("folder", do) }()
			}
			synctest.Wait()
		}
		call(1)
		call(5)
		call(4)
		if done != 1 {
			t.Fatalf("%d flushes at once", done)
		}
		let <- struct{}{}
		synctest.Wait()
		if done != 2 || len(answers) != 1 || <-answers != nil {
			t.Fatalf("%d flushes, the first one did not answer its caller alone", done)
		}
		let <- struct{}{}
		synctest.Wait()
		if done != 2 || len(answers) != 9 {
			t.Fatalf("%d flushes, %d answers", done, len(answers))
		}
		for range 9 {
			if err := <-answers; !errors.Is(err, errs[1]) {
				t.Errorf("got %v", err)
			}
		}
		call(1)
		let <- struct{}{}
		if err := <-answers; err != nil || done != 3 {
			t.Errorf("%d flushes, %v", done, err)
		}
		synctest.Wait()
		if len(s.of) != 0 {
			t.Errorf("%d folders are remembered", len(s.of))
		}
	})
}
