package command_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// longest bounds one process: a peer that takes longer is ended, and its figure is a lower bound.
const longest = 80 * time.Second

// contender is one process that is measured, with the least that it has cost so far.
type contender struct {
	args  []string
	dir   string
	codes []int // exit codes that are right; empty: 0

	cpu, first time.Duration // processor time; the time until the first byte of output
	peak       int64         // bytes; 0 where the system does not tell
	ended      bool          // whether it had to be
}

// run starts the process once.
func (c *contender) run(b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "PERBIT_PASSWORD=none", "CONBOX_PASSWORD=none", "CONBOX_KEY=none", "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull, "TZ=UTC")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	n, _ := out.Read(make([]byte, 1))
	first := time.Since(start)
	_, _ = io.Copy(io.Discard, out) // a process that is ended breaks off
	err = cmd.Wait()
	if c.ended = ctx.Err() != nil; !c.ended && !c.right(cmd.ProcessState.ExitCode()) {
		b.Fatalf("%s: %v\n%s", strings.Join(c.args, " "), err, complaints.Bytes())
	}
	if cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(); c.cpu == 0 || cpu < c.cpu {
		c.cpu = cpu
	}
	if n > 0 && (c.first == 0 || first < c.first) {
		c.first = first
	}
	if peak := peakOf(cmd.ProcessState); c.peak == 0 || peak < c.peak {
		c.peak = peak
	}
}

func (c *contender) right(code int) bool {
	for _, right := range c.codes {
		if code == right {
			return true
		}
	}
	return len(c.codes) == 0 && code == 0
}

func (c *contender) report(b *testing.B, prefix string) {
	b.ReportMetric(float64(c.cpu.Microseconds())/1000, prefix+"cpu-ms")
	b.ReportMetric(float64(c.first.Microseconds())/1000, prefix+"first-ms")
	if c.peak > 0 {
		b.ReportMetric(float64(c.peak)/(1<<20), prefix+"MiB")
	}
}

// BenchmarkPeer runs whole processes, ours and Terraform's in turn, over configurations that say the same, and reports of
// each the least processor time, peak memory and time until the first output that it took, and how many times as much
// processor time the peer needs. Where there is no terraform, only our own figures are reported. On Linux the peak is
// never less than that of the process that runs the benchmark (about 30 MiB).
//
//	go test ./engine/command -run '^$' -bench 'Peer/plan/1000$' -benchtime 5x
//
// All of it takes ten minutes, most of them the peer's at 10,000 blocks.
func BenchmarkPeer(b *testing.B) {
	ours := built(b, false)
	peer, err := exec.LookPath("terraform")
	if err != nil {
		b.Log("terraform is not installed: nothing to compare with")
	}
	for _, command := range []string{"validate", "fmt -check", "plan", "graph"} {
		for _, n := range []int{10, 1000, 10000} {
			b.Run(fmt.Sprintf("%s/%d", command, n), func(b *testing.B) {
				args := strings.Fields(command)
				own := &contender{args: append([]string{ours}, args...), dir: repeated(b, "main.hcl", tenBlocksHead, tenBlocks, n)}
				compare(b, own, peerIn(b, peer, repeated(b, "main.tf", tenResourcesHead, tenResources, n), args...))
			})
		}
	}
	b.Run("plan applied/10000", func(b *testing.B) {
		dir := repeated(b, "main.hcl", tenBlocksHead, tenBlocks, 10000)
		(&contender{args: []string{ours, "apply", "-auto-approve"}, dir: dir}).run(b)
		compare(b, &contender{args: []string{ours, "plan"}, dir: dir}, nil)
	})
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprintf("plan for_each/%d", n), func(b *testing.B) {
			own := &contender{args: []string{ours, "plan"}, dir: oneText(b, "main.hcl", instances(n)+oneExport)}
			compare(b, own, peerIn(b, peer, oneText(b, "main.tf", instances(n)+oneResource), "plan"))
		})
	}
	b.Run("plan waiting/10000", func(b *testing.B) { benchmarkWaiting(b, ours, peer) })
}

// peerIn prepares the peer in its folder; nil where it is not installed.
func peerIn(b *testing.B, peer, dir string, args ...string) *contender {
	b.Helper()
	if peer == "" {
		return nil
	}
	(&contender{args: []string{peer, "init"}, dir: dir}).run(b)
	return &contender{args: append([]string{peer}, args...), dir: dir}
}

// compare runs both in turn. A peer that had to be ended once is not run again.
func compare(b *testing.B, own, peer *contender) {
	for b.Loop() {
		own.run(b)
		if peer != nil && !peer.ended {
			peer.run(b)
		}
	}
	b.ReportMetric(0, "ns/op")
	own.report(b, "")
	if peer == nil {
		return
	}
	peer.report(b, "peer-")
	b.ReportMetric(float64(peer.cpu)/float64(own.cpu), "ratio")
	if peer.ended {
		b.Logf("terraform was ended after %s; its figures are lower bounds", longest)
	}
}

// benchmarkWaiting plans over 10,000 small files that wait in one folder. Each plan hashes and checks all of them.
func benchmarkWaiting(b *testing.B, ours, peer string) {
	const files = 10000
	dir := oneText(b, "main.hcl", oneImport)
	fill(b, filepath.Join(dir, "in"), files)
	own := &contender{args: []string{ours, "plan"}, dir: dir}
	other := peerIn(b, peer, oneText(b, "main.tf", hashedFiles), "plan")
	if other != nil {
		fill(b, filepath.Join(other.dir, "in"), files)
	}
	compare(b, own, other)
}

func fill(b *testing.B, dir string, files int) {
	b.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	for i := range files {
		var text strings.Builder
		text.WriteString("PersonalNr;Name;Eintritt\n")
		for j := range 20 {
			fmt.Fprintf(&text, "%d;Müller;01.02.20%02d\n", 100000+20*i+j, j)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("staff-%d.csv", i)), []byte(text.String()), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

// built is the path of the real binary, made for this test.
func built(tb testing.TB, race bool) string {
	tb.Helper()
	dir := tb.TempDir()
	args := []string{"build", "-o", dir}
	if race {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, ".")...)
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("build: %v\n%s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "dropform*"))
	if err != nil || len(found) != 1 {
		tb.Fatal(errors.Join(err, fmt.Errorf("%d files were built", len(found))))
	}
	return found[0]
}
