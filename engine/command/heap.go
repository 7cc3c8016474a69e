package command

import (
	"os"
	"path/filepath"
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

// What reading a configuration allocates for each byte of its text, about, and the text from which its heap is worth
// preparing: below that, the one collection that it takes costs more than it saves.
const (
	heapPerText = 100
	muchText    = 128 << 10
)

// shortLived is called by commands that read a configuration and end. Collecting the garbage of a small one would take as
// long as reading it, so there is none until smallHeap is reached; from then on memory counts. text is how much text the
// configuration has, in bytes, 0 where that is not known. Who sets GOGC decides.
func shortLived(text int64) {
	if _, set := os.LookupEnv("GOGC"); set {
		return
	}
	const runtimeMinimum = 4 << 20 // of the first collection, at 100 percent
	debug.SetGCPercent(100 * smallHeap / runtimeMinimum)
	if text >= muchText {
		hugePages(min(heapPerText*text, smallHeap*7/8)) // short of what sets off a collection
	}
	afterCollection(func(held uint64) int {
		if held >= smallHeap {
			return leastGrowth
		}
		return max(leastGrowth, int((smallHeap-held)*100/held))
	})
}

// While no more than littleHeld is live, collecting is cheap, and garbage may be littleGrowth percent of it; beyond, mostGrowth.
const (
	littleHeld   = 8 << 20
	littleGrowth = 30
	mostGrowth   = 80
)

// working is called by commands that carry out work: they may hold little for long. Who sets GOGC decides.
func working() {
	if _, set := os.LookupEnv("GOGC"); set {
		return
	}
	debug.SetGCPercent(littleGrowth)
	afterCollection(func(held uint64) int {
		if held > littleHeld {
			return mostGrowth
		}
		return littleGrowth
	})
}

// textSize is how much configuration lies in the working directory, in bytes. What cannot be read is complained of later.
func (s *session) textSize() int64 {
	files, _, _ := s.Sources(s.Dir)
	var n int64
	for _, name := range files {
		if info, err := s.FS.Stat(filepath.Join(s.Dir, name)); err == nil {
			n += info.Size()
		}
	}
	return n
}

// collection is garbage from the start: its finalizer runs after each collection.
type collection struct{ _ [16]byte }

// afterCollection sets how much the heap may grow, in percent, after each collection anew: growth is told the bytes that are
// live, at least 1.
func afterCollection(growth func(held uint64) int) {
	set := -1
	var again func(*collection)
	again = func(c *collection) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		if next := growth(max(live[0].Value.Uint64(), 1)); next != set {
			set = next
			debug.SetGCPercent(next)
		}
		runtime.SetFinalizer(c, again)
	}
	runtime.SetFinalizer(&collection{}, again)
}
