package engine

import "sync"

// turns lets those who want the same thing do it one after the other. The zero value is ready.
type turns struct {
	mu sync.Mutex
	of map[string]chan struct{} // closed when a turn ends
}

// alone waits until nobody else has the turn, and takes it until done is called.
func (t *turns) alone(key string) (done func()) {
	mine := make(chan struct{})
	for {
		t.mu.Lock()
		other, taken := t.of[key]
		if !taken {
			break
		}
		t.mu.Unlock()
		<-other
	}
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[string]chan struct{}{}
	}
	t.of[key] = mine
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.of, key)
		close(mine)
	}
}
