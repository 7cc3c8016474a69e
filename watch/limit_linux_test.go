package watch_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dropform/watch"
)

// limitEnv makes this test binary the child that runs out of watches.
const limitEnv = "DROPFORM_TEST_INOTIFY_LIMIT"

// TestLiveLimits runs itself in a user namespace, where the system's limits can
// be lowered without privileges.
func TestLiveLimits(t *testing.T) {
	if limit := os.Getenv(limitEnv); limit != "" {
		exhausted(t, limit)
		return
	}
	for _, limit := range []string{"max_inotify_watches", "max_inotify_instances"} {
		t.Run(limit, func(t *testing.T) {
			self, err := os.Executable()
			must(t, err)
			cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestLiveLimits$", "-test.v")
			cmd.Env = append(os.Environ(), limitEnv+"="+limit)
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER,
				UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
			}
			out, err := cmd.CombinedOutput()
			switch {
			case strings.Contains(string(out), "--- SKIP"), out == nil && err != nil:
				t.Skipf("no user namespaces: %v\n%s", err, out)
			case err != nil:
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func exhausted(t *testing.T, limit string) {
	if err := os.WriteFile("/proc/sys/user/"+limit, []byte("0"), 0o644); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	live(t, dir, func(f *watch.Folder, _ *watch.Options) { f.Poll = 2 * time.Second }, func(l *liveRig) {
		d, ok := l.next().(watch.Degraded)
		if !ok || !strings.Contains(d.Reason.Error(), "fs.inotify.max_user_") {
			t.Fatalf("got %#v", d)
		}
		l.must(os.WriteFile(filepath.Join(dir, "a.csv"), []byte("x"), 0o644))
		l.expectNext("a.csv")
		l.await(func(s watch.FolderStatus) bool { return s.Mode == "poll" && s.Degraded != nil })
	})
}
