package command

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dropform/engine"
)

// openTerminal makes a pseudo-terminal of so many columns. What is written to child comes out of the answer.
func openTerminal(t *testing.T, columns int) (child *os.File, shown *bufio.Reader) {
	t.Helper()
	parent, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { parent.Close() })
	fd := int(parent.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)})
	}
	if err != nil {
		t.Fatal(err)
	}
	child, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { child.Close() })
	return child, bufio.NewReader(parent)
}

// However narrow the terminal and however long the name, the bar and the percentage are there, and the name's end.
func TestBarsFitTheTerminal(t *testing.T) {
	a := file(at(engine.KindImport, "staff"), engine.Upload, strings.Repeat("Mitarbeiterstammdaten_", 5)+"Überlingen.csv", "new", 10)
	for _, width := range []int{40, 80, 120} {
		child, shown := openTerminal(t, width)
		b := &bars{w: child, width: width}
		b.progress(engine.StepProgress{Action: &a, Phase: "importing", Percent: 25, Elapsed: time.Second})
		line := ""
		for !strings.Contains(line, " %") {
			var err error
			if line, err = shown.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		b.end(&a)
		line = strings.TrimRight(line, "\r\n")
		if n := len([]rune(line)); n > width {
			t.Errorf("%d columns of %d: %q", n, width, line)
		}
		for _, want := range []string{"import.s", "…", "n.csv]", "=", "-]", "25 %"} {
			if !strings.Contains(line, want) {
				t.Errorf("%d columns: %q is missing in %q", width, want, line)
			}
		}
	}
}

// A terminal is seen through standard output's sink, and one that knows no control codes gets none.
func TestDumbTerminalIsNone(t *testing.T) {
	child, _ := openTerminal(t, 60)
	for term, want := range map[string]bool{"xterm": true, "dumb": false} {
		s := &session{App: &App{Stdout: &sink{w: child}, Environ: []string{"TERM=" + term}}}
		out := s.screen(s.Stdout)
		if out.terminal != want || out.colour != want || (out.width == 60) != want {
			t.Errorf("TERM=%s: %+v", term, out)
		}
	}
}
