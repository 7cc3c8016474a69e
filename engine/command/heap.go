package command

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// What a command that ends by itself may hold before it collects garbage, and how much of the live heap it then lets grow
// at least, in percent.
const (
	smallHeap   = 64 << 20
	leastGrowth = 60
)

// shortLived is called by commands that read a configuration and end. Collecting the garbage of a small one would take as
// long as reading it, so there is none until smallHeap is reached; from then on memory counts. Who sets GOGC decides.
func shortLived() {
	if _, set := os.LookupEnv("GOGC"); set {
		return
	}
	const runtimeMinimum = 4 << 20 // of the first collection, at 100 percent
	debug.SetGCPercent(100 * smallHeap / runtimeMinimum)
	afterCollection(&collection{})
}

// sparing is called by a command that holds a whole plan and carries it out: its heap grows by no more than leastGrowth between
// two collections. Who sets GOGC decides.
func sparing() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(leastGrowth)
	}
}

// collection is garbage from the start: its finalizer runs after each collection.
type collection struct{ _ [16]byte }

func afterCollection(c *collection) {
	runtime.SetFinalizer(c, func(c *collection) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		held := max(live[0].Value.Uint64(), 1)
		growth := leastGrowth
		if held < smallHeap {
			growth = max(growth, int((smallHeap-held)*100/held))
		}
		debug.SetGCPercent(growth)
		afterCollection(c)
	})
}
