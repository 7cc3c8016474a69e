package engine_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The figures of a drop folder, of the whole program as a user runs it, against a server on loopback that answers at
// once. Each of them runs by itself, on an otherwise idle machine:
//
//	go test ./engine -run '^$' -bench FigureDrop -benchtime 500x
//	go test ./engine -run '^$' -bench 'FigureBacklog/.*/10000' -benchtime 1x
//	go test ./engine -run '^$' -bench FigureLargeFile -benchtime 1x
//	go test ./engine -run '^$' -bench FigureIdle -benchtime 1x
//
// peak_MiB is what the kernel calls VmHWM, cpu_s user and system time together, both of the program alone.

// usage follows what a process uses. The kernel's own account at its end (rusage) would begin with the size of the
// process that started it.
type usage struct {
	peak float64 // MiB
	done chan struct{}
	all  sync.WaitGroup
}

func observe(p *os.Process) *usage {
	u := &usage{done: make(chan struct{})}
	u.all.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-u.done:
				return
			case <-tick.C:
				u.peak = max(u.peak, highWater(p.Pid))
			}
		}
	})
	return u
}

// end stops following and returns the peak in MiB.
func (u *usage) end() float64 {
	close(u.done)
	u.all.Wait()
	return u.peak
}

// highWater is the most memory that the process has had so far, in MiB; 0 where it has ended.
func highWater(pid int) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0
	}
	return kib / 1024
}

func cpuSeconds(state *os.ProcessState) float64 {
	return (state.UserTime() + state.SystemTime()).Seconds()
}

// BenchmarkFigureDrop drops one small file after the other into a folder that is watched, and takes the time until the
// server has the first byte of its request: of a file that is renamed in from its rename on, of one that is written there
// from the end of its settle time on.
func BenchmarkFigureDrop(b *testing.B) {
	binary := buildCrashBinary(b, "")
	b.Run("renamed", func(b *testing.B) {
		newFigureSite(b, binary, "1", "").drops(b, 0, func(s *figureSite, i int) error {
			return os.Rename(s.path("aside/"+figureName(i)), s.path("in/"+figureName(i)))
		})
	})
	b.Run("written", func(b *testing.B) {
		newFigureSite(b, binary, "1", `settle = "300ms"`).drops(b, 300*time.Millisecond, func(s *figureSite, i int) error {
			return os.WriteFile(s.path("in/"+figureName(i)), figureFile(i), 0o644)
		})
	})
}

func (s *figureSite) drops(b *testing.B, settle time.Duration, drop func(s *figureSite, i int) error) {
	s.apply()
	s.fill("aside", b.N+1)
	w := s.watch()
	dropped := make([]time.Time, b.N+1)
	one := func(i int) {
		if err := drop(s, i); err != nil {
			b.Fatal(err)
		}
		dropped[i] = time.Now()
	}
	one(b.N) // until it has come the watch may be starting still
	s.server.await(b, "the first file", func() bool { return s.server.whole == 1 })
	b.ResetTimer()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := range b.N {
		<-tick.C
		one(i)
	}
	s.server.await(b, "all files", func() bool { return s.server.whole == b.N+1 })
	b.StopTimer()
	w.stop()
	took := make([]time.Duration, b.N)
	for i := range b.N {
		took[i] = s.server.arrived(figureFile(i)).Sub(dropped[i]) - settle
	}
	slices.Sort(took)
	report := func(name string, d time.Duration) { b.ReportMetric(float64(d.Microseconds())/1000, name) }
	report("median_ms", took[len(took)/2])
	report("p99_ms", took[len(took)*99/100])
	report("longest_ms", took[len(took)-1])
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFigureBacklog carries out what waits in a folder when the program starts, four at a time. first_s is from the
// process's start to its first upload, files/s from then to its end, and of_probe how many times the probe's files a second
// that is, which runs over the same files after it.
func BenchmarkFigureBacklog(b *testing.B) {
	binary := buildCrashBinary(b, "")
	const archive = "\n  archive {\n    folder = \"done\"\n  }"
	for _, command := range []string{"watch", "apply", "archive"} {
		for _, files := range []int{10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", command, files), func(b *testing.B) {
				options := `order = "any"`
				if command == "archive" {
					options += archive
				}
				for b.Loop() {
					b.StopTimer()
					s := newFigureSite(b, binary, "4", options)
					if command == "apply" {
						s.fill("in", files)
						b.StartTimer()
						s.backlog(b, files, "apply", "-auto-approve", "-parallelism=4")
					} else {
						s.apply()
						s.fill("in", files)
						b.StartTimer()
						s.backlog(b, files, "watch", "-auto-approve")
					}
				}
			})
		}
	}
}

// backlog runs the program until all files are through.
func (s *figureSite) backlog(b *testing.B, files int, args ...string) {
	out, err := os.Create(s.path("said"))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	cmd := s.command(context.Background(), args...)
	cmd.Stdout, cmd.Stderr = out, out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	u := observe(cmd.Process)
	if args[0] == "watch" {
		s.server.await(b, "all files", func() bool { return s.server.whole == files })
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			b.Fatal(err)
		}
	}
	err = cmd.Wait()
	ended := time.Now()
	peak := u.end()
	if err != nil || s.server.whole != files || len(s.server.got) != files {
		said, _ := os.ReadFile(out.Name())
		b.Fatalf("%v: %d uploads of %d files\n%s", err, s.server.whole, len(s.server.got), said[max(0, len(said)-2000):])
	}
	rate := float64(files) / ended.Sub(s.server.first).Seconds()
	least := newFigureSite(b, s.binary, "4", "")
	least.fill("in", files)
	b.ReportMetric(rate, "files/s")
	b.ReportMetric(rate/least.probe(b, files), "of_probe")
	b.ReportMetric(s.server.first.Sub(began).Seconds(), "first_s")
	b.ReportMetric(cmd.ProcessState.SystemTime().Seconds(), "sys_s")
	b.ReportMetric(cpuSeconds(cmd.ProcessState), "cpu_s")
	b.ReportMetric(peak, "peak_MiB")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFigureLargeFile sends 1 GiB. stream_s is from the request's first byte to its answer, curl_s the whole of
// `curl -T` of the same file to the same server, in turn with it.
func BenchmarkFigureLargeFile(b *testing.B) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		b.Skip(err)
	}
	s := newFigureSite(b, buildCrashBinary(b, ""), "1", "")
	s.server.unread = true
	s.apply()
	big := s.path("in/big.csv")
	var streams, curls, cpus, peaks []float64
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		writeLarge(b, big, i)
		began := time.Now()
		if out, err := exec.Command(curl, "-sS", "-T", big, s.server.url+"/discard").CombinedOutput(); err != nil {
			b.Fatalf("curl: %v\n%s", err, out)
		}
		curls = append(curls, time.Since(began).Seconds())
		s.server.first = time.Time{}
		cmd := s.command(context.Background(), "apply", "-auto-approve")
		b.StartTimer()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		u := observe(cmd.Process)
		s.server.await(b, "the file", func() bool { return s.server.whole == i+1 })
		streams = append(streams, time.Since(s.server.first).Seconds())
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
		cpus, peaks = append(cpus, cpuSeconds(cmd.ProcessState)), append(peaks, u.end())
	}
	b.ReportMetric(slices.Min(streams), "stream_s")
	b.ReportMetric(slices.Min(curls), "curl_s")
	b.ReportMetric(slices.Min(curls)/slices.Min(streams), "curl/stream")
	b.ReportMetric(slices.Min(cpus), "cpu_s")
	b.ReportMetric(slices.Max(peaks), "peak_MiB")
}

// writeLarge writes 1 GiB of rows that no other number has.
func writeLarge(b *testing.B, path string, number int) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	block := []byte(fmt.Sprintf("PersonalNr;Name;Vorname\r\n%d;Müller;Jörg\r\n", number))
	for len(block) < 1<<20 {
		block = append(block, "4711;Groß;Änne\r\n"...)
	}
	for range (1<<30)/len(block) + 1 {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFigureIdle serves twenty folders in which nothing happens, and takes the processor time of a minute.
func BenchmarkFigureIdle(b *testing.B) {
	s := newFigureSite(b, buildCrashBinary(b, ""), "1", "for_each = toset([for i in range(20) : tostring(i)])")
	raw, err := os.ReadFile(s.path("main.hcl"))
	if err != nil {
		b.Fatal(err)
	}
	s.write("main.hcl", []byte(strings.Replace(string(raw), `"in"`, `"in/${each.key}"`, 1)))
	s.apply()
	for b.Loop() {
		w := s.watch()
		time.Sleep(5 * time.Second) // the start is not idle
		before := cpuTicks(b, w.cmd.Process.Pid)
		const idle = 60 * time.Second
		time.Sleep(idle)
		used := float64(cpuTicks(b, w.cmd.Process.Pid)-before) / 100 // a tick is 10 ms
		b.ReportMetric(100*used/idle.Seconds(), "%core")
		b.ReportMetric(highWater(w.cmd.Process.Pid), "peak_MiB")
		w.stop()
	}
}

// cpuTicks is the user and system time that a process has used, in hundredths of a second.
func cpuTicks(b *testing.B, pid int) int {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), ") ") // the name may hold anything
	fields := strings.Fields(rest)
	sum := 0
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		sum += n
	}
	return sum
}
