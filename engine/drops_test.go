package engine_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"dropform/watch"
)

// TestDrops drops files the way many kinds of writers do into a folder that the real program watches, and wants each of them
// on the server once and whole. DROPFORM_DROPS=1000 drops that many.
func TestDrops(t *testing.T) {
	t.Parallel()
	const settle = 2 * time.Second // a writer that reopens its file has to be back within it
	s := newFigureSite(t, buildCrashBinary(t, ""), "4", fmt.Sprintf("order = \"any\"\n  settle = %q", settle))
	s.apply()
	w := s.watch()
	d := &drops{figureSite: s, settle: settle, partial: map[[sha256.Size]byte]bool{}}
	n := int(crashNumber(t, "DROPFORM_DROPS", 54))
	numbers := make(chan int)
	kinds := dropKinds
	if s.write("probe", nil); watch.Writer(s.path("probe")) != watch.Unknown {
		kinds = slices.Concat(kinds, kindsHoldingOn)
	}
	var writers sync.WaitGroup
	for range 20 {
		writers.Go(func() {
			for i := range numbers {
				kinds[i%len(kinds)](d, i)
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	writers.Wait()
	d.expect(w)
	t.Logf("%d files by %d kinds of writers, %d by writers that this machine held up", len(d.whole), len(kinds), d.slow)
}

// TestBurst fills a folder faster than anybody reads it while the server does not answer, and wants every file on the server
// once when it does again. DROPFORM_BURST=60000 is a burst of that many.
func TestBurst(t *testing.T) {
	t.Parallel()
	s := newFigureSite(t, buildCrashBinary(t, ""), "4", `order = "any"`)
	s.apply()
	n := int(crashNumber(t, "DROPFORM_BURST", 2000))
	d := &drops{figureSite: s}
	s.server.stall()
	w := s.watch()
	s.write("in/first.csv", figureFile(n))
	d.whole = append(d.whole, figureFile(n))
	s.server.await(t, "the first file", func() bool { return s.server.uploads == 1 })
	began := time.Now()
	for i := range n {
		text := figureFile(i)
		if i%2 == 0 {
			s.write("in/"+figureName(i), text)
		} else {
			s.write("aside/"+figureName(i), text)
			d.must(os.Rename(s.path("aside/"+figureName(i)), s.path("in/"+figureName(i))))
		}
		d.whole = append(d.whole, text)
	}
	written := time.Now()
	s.server.resume()
	d.expect(w)
	t.Logf("%d files dropped in %v, on the server %v later", n, written.Sub(began).Round(time.Millisecond), time.Since(written).Round(time.Millisecond))
}

// drops is what was dropped, and what has to come of it.
type drops struct {
	*figureSite
	settle time.Duration

	mu      sync.Mutex
	whole   [][]byte                   // what has to arrive
	partial map[[sha256.Size]byte]bool // what may have arrived of files whose writer was away for longer than settle
	slow    int
}

func (d *drops) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Error(err) // of one of many goroutines
	}
}

func (d *drops) dropped(text []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.whole = append(d.whole, text)
}

// expect waits until everything has arrived, ends the watch, and wants nothing else to have arrived, and nothing twice.
func (d *drops) expect(w *watching) {
	d.t.Helper()
	f := d.server
	missing := len(d.whole) // those behind it have arrived; nothing that has arrived goes away
	f.await(d.t, "all files", func() bool {
		for missing > 0 && !f.arrived(d.whole[missing-1]).IsZero() {
			missing--
		}
		return missing == 0
	})
	said := w.stop()
	for _, text := range d.whole {
		digest := sha256.Sum256(text)
		if n := len(f.got[digest]); n != 1 {
			d.t.Errorf("arrived %d times: %.40q", n, text)
		}
		delete(f.got, digest)
	}
	for digest := range d.partial {
		delete(f.got, digest)
	}
	if len(f.got) > 0 {
		d.t.Errorf("%d uploads hold what nobody dropped\n%s", len(f.got), said)
	}
}

// dropText is what file i holds: some kilobytes, so that a part of it is not all of it.
func dropText(i int) []byte {
	text := figureFile(i)
	return append(text, bytes.Repeat([]byte("4711;Groß;Änne\r\n"), 300)...)
}

// dropKinds are the writers.
var dropKinds = []func(d *drops, i int){
	(*drops).inOne, (*drops).reopening, (*drops).oldCopy, (*drops).replacing, (*drops).linked, (*drops).renamed, (*drops).twoContents,
}

// kindsHoldingOn are writers that keep the file open for longer than it has to be quiet: where the system can tell.
var kindsHoldingOn = []func(d *drops, i int){(*drops).slowly, (*drops).presized}

func (d *drops) in(i int) string    { return d.path("in/" + figureName(i)) }
func (d *drops) aside(i int) string { return d.path("aside/" + figureName(i)) }

func (d *drops) inOne(i int) {
	d.must(os.WriteFile(d.in(i), dropText(i), 0o644))
	d.dropped(dropText(i))
}

// slowly holds the file open and pauses for longer than the settle time.
func (d *drops) slowly(i int) {
	f, err := os.Create(d.in(i))
	d.must(err)
	for part := range slices.Chunk(dropText(i), 2000) {
		_, err := f.Write(part)
		d.must(err)
		time.Sleep(d.settle / 2)
	}
	time.Sleep(d.settle)
	_, err = f.WriteString("4712;Ende;Eva\r\n")
	d.must(err)
	d.must(f.Close())
	d.dropped(append(dropText(i), "4712;Ende;Eva\r\n"...))
}

// reopening opens the file anew for each part, as a script with >> does.
func (d *drops) reopening(i int) {
	var written []byte
	last, away := time.Now(), time.Duration(0)
	parts := [][sha256.Size]byte{}
	for part := range slices.Chunk(dropText(i), 400) {
		f, err := os.OpenFile(d.in(i), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		d.must(err)
		_, err = f.Write(part)
		d.must(err)
		d.must(f.Close())
		now := time.Now()
		last, away = now, max(away, now.Sub(last))
		if written = append(written, part...); len(written) < len(dropText(i)) {
			parts = append(parts, sha256.Sum256(written))
		}
		time.Sleep(20 * time.Millisecond)
	}
	if away >= d.settle/2 {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.slow++
		for _, digest := range parts {
			d.partial[digest] = true
		}
		return
	}
	d.dropped(dropText(i))
}

// oldCopy is a copy that keeps the modification time of what it was made of.
func (d *drops) oldCopy(i int) {
	f, err := os.Create(d.in(i))
	d.must(err)
	_, err = f.Write(dropText(i))
	d.must(err)
	old := time.Now().Add(-48 * time.Hour)
	d.must(os.Chtimes(d.in(i), old, old))
	d.must(f.Close())
	d.dropped(dropText(i))
}

// presized sets the final size first and fills it later.
func (d *drops) presized(i int) {
	f, err := os.Create(d.in(i))
	d.must(err)
	d.must(f.Truncate(int64(len(dropText(i)))))
	time.Sleep(d.settle + d.settle/4)
	_, err = f.WriteAt(dropText(i), 0)
	d.must(err)
	d.must(f.Close())
	d.dropped(dropText(i))
}

// replacing writes beside the file, under a name that is no data, and renames over it before it has settled.
func (d *drops) replacing(i int) {
	d.must(os.WriteFile(d.in(i), nil, 0o644))
	d.must(os.WriteFile(d.in(i)+".tmp", dropText(i), 0o644))
	d.must(os.Rename(d.in(i)+".tmp", d.in(i)))
	d.dropped(dropText(i))
}

func (d *drops) linked(i int) {
	d.must(os.WriteFile(d.aside(i), dropText(i), 0o644))
	d.must(os.Link(d.aside(i), d.in(i)))
	d.dropped(dropText(i))
}

func (d *drops) renamed(i int) {
	d.must(os.WriteFile(d.aside(i), dropText(i), 0o644))
	d.must(os.Rename(d.aside(i), d.in(i)))
	d.dropped(dropText(i))
}

// twoContents lets another content follow under the same name once the first has been taken.
func (d *drops) twoContents(i int) {
	d.renamed(i)
	f := d.server
	f.await(d.t, "the first content", func() bool { return !f.arrived(dropText(i)).IsZero() })
	second := append(dropText(i), "4713;Zwei;Zoe\r\n"...)
	d.must(os.WriteFile(d.aside(i), second, 0o644))
	d.must(os.Rename(d.aside(i), d.in(i)))
	d.dropped(second)
}
