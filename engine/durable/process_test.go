package durable_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/engine/durable"
)

// childEnv makes the test binary play another process: "lock" or "write", then a path.
const childEnv = "DURABLE_TEST_CHILD"

func TestMain(m *testing.M) {
	role, path, _ := strings.Cut(os.Getenv(childEnv), " ")
	switch role {
	case "":
		os.Exit(m.Run())
	case "lock":
		childLock(path)
	case "write":
		childWrite(path)
	}
}

// childLock holds the lock until it is killed.
func childLock(path string) {
	lock, err := durable.TryLock(path, "pid 4711, dropform watch, since 06:00")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = lock.Unlock()
}

const versionBytes = 300_000

// childWrite replaces a file by ever new versions of one repeated byte, and says which one is durable.
func childWrite(path string) {
	fs := afero.NewOsFs()
	for n := 0; ; n++ {
		text := strings.Repeat(string(rune('a'+n%26)), versionBytes)
		if err := durable.WriteFile(fs, path, 0o644, write(text)); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("written", n)
	}
}

// child starts the test binary in a role; it is killed at the end if it still runs.
func child(t *testing.T, role, path string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+role+" "+path)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, bufio.NewReader(out)
}

func expectLine(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	line, err := r.ReadString('\n')
	if err != nil || strings.TrimSpace(line) != want {
		t.Fatalf("child said %q, %v; want %q", line, err, want)
	}
}

func TestLockEndsWithItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "watch.lock")
	if held, note, err := durable.Held(path); held || note != "" || err != nil {
		t.Fatalf("before any lock: %v %q %v", held, note, err)
	}
	cmd, out := child(t, "lock", path)
	expectLine(t, out, "held")

	held, note, err := durable.Held(path)
	if !held || note != "pid 4711, dropform watch, since 06:00" || err != nil {
		t.Errorf("while it lives: %v %q %v", held, note, err)
	}
	_, err = durable.TryLock(path, "me")
	if !errors.Is(err, durable.ErrLocked) || !strings.HasSuffix(err.Error(), "pid 4711, dropform watch, since 06:00") {
		t.Errorf("TryLock: %v", err)
	}

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if held, note, err := durable.Held(path); held || note != "" || err != nil {
		t.Errorf("after its death: %v %q %v", held, note, err)
	}
	lock, err := durable.TryLock(path, "me")
	if err != nil {
		t.Fatal(err)
	}
	if held, note, err := durable.Held(path); !held || note != "me" || err != nil {
		t.Errorf("my own lock: %v %q %v", held, note, err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second Unlock: %v", err)
	}
	if held, _, err := durable.Held(path); held || err != nil {
		t.Errorf("after Unlock: %v, %v", held, err)
	}
}

// Probing must never make a free lock look taken.
func TestProbesDoNotDisturb(t *testing.T) {
	path := filepath.Join(t.TempDir(), "apply.lock")
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				_, _, _ = durable.Held(path)
			}
		}
	}()
	for range 200 {
		lock, err := durable.TryLock(path, "me")
		if err != nil {
			t.Fatal(err)
		}
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	<-done
}

func TestLockInAMissingFolder(t *testing.T) {
	_, err := durable.TryLock(filepath.Join(t.TempDir(), "gone", "x.lock"), "")
	if !errors.Is(err, os.ErrNotExist) || errors.Is(err, durable.ErrLocked) {
		t.Errorf("error is %v", err)
	}
}

// kill -9 in the middle of writing: the target is one whole version, never older than the last one reported durable.
func TestKilledWriterLeavesAWholeFile(t *testing.T) {
	fs := afero.NewOsFs()
	for _, versions := range []int{1, 2, 5, 9} {
		dir := t.TempDir()
		path := filepath.Join(dir, "target.csv")
		cmd, out := child(t, "write", path)
		for n := range versions {
			expectLine(t, out, fmt.Sprint("written ", n))
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(out) // what it still said before it died
		_ = cmd.Wait()
		last := versions - 1 + strings.Count(string(rest), "written")

		got := content(t, fs, path)
		if len(got) != versionBytes || strings.Count(got, got[:1]) != versionBytes {
			t.Fatalf("torn: %d bytes, %d of them %q", len(got), strings.Count(got, got[:1]), got[:1])
		}
		if v := int(got[0] - 'a'); v != last%26 && v != (last+1)%26 {
			t.Errorf("target holds version %d, the last one reported was %d", v, last)
		}
		if _, err := durable.RemoveTemp(fs, dir, time.Time{}); err != nil {
			t.Error(err)
		}
		if left := names(t, fs, dir); left != "target.csv" {
			t.Errorf("folder holds %s", left)
		}
	}
}
