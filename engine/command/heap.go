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
	afterCollection(&collection{})
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
