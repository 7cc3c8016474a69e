package command_test

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"dropform/engine/sandbox"
)

// TestInterruptsOnTheWire interrupts apply and watch while an upload or an order is on its way to a server that takes it and is
// slow to say so. The first interrupt waits for that answer and for nothing else; the second ends the process at once, and what
// is unknown is said, recorded and never sent again.
func TestInterruptsOnTheWire(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupt can be sent to a child")
	}
	binary := built(t, raceDetector)
	const upload, order = "import.staff[a.csv]", "rule.purchase.orders[101224-01]"
	for _, c := range []struct {
		name, address, action string
		args                  []string
		code, codeAtOnce      int // COMMANDS.md: apply did not do all of it; a watch that is ended has done what it was to do
	}{
		{"apply, upload", upload, "Import", []string{"apply", "-auto-approve", "-detailed-exitcode"}, 1, 4},
		{"watch, upload", upload, "Import", []string{"watch", "-auto-approve"}, 0, 1},
		{"apply, order", order, "Purchase", []string{"apply", "-auto-approve", "-detailed-exitcode", "-approve=*"}, 2, 4},
		{"watch, order", order, "Purchase", []string{"watch", "-auto-approve"}, 0, 1},
	} {
		for _, twice := range []bool{false, true} {
			name := c.name + " once"
			if twice {
				name = c.name + " twice"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := newInterrupted(t, binary, c.action)
				if c.action == "Purchase" && c.args[0] == "watch" {
					r.must("apply", "-auto-approve")
					r.must("approve", order)
				}
				hold := time.Second
				if twice {
					hold = time.Minute
				}
				r.fault(sandbox.Fault{Kind: sandbox.FaultSlowAnswer, Action: c.action, Times: 1, Delay: hold})
				code, out := r.interrupt(c.args, twice, func() bool {
					return len(r.server.Imports())+len(r.server.Purchases()) > 0
				})
				want := c.code
				if twice {
					want = c.codeAtOnce
				}
				if code != want {
					t.Errorf("exit code %d, want %d\n%s", code, want, out)
				}
				r.afterwards(c.address, c.action, twice, out)
			})
		}
	}
}

// newInterrupted is a project with one file or one order, for a server whose jobs end at once.
func newInterrupted(t *testing.T, binary, action string) *spokenRun {
	r := newServed(t, binary, "C")
	if action == "Import" {
		r.write("main.hcl", oneStaff)
		r.write("in/a.csv", "PersonalNr\n1\n")
	} else {
		r.write("main.hcl", oneShop)
		r.write("orders/a.csv", "DocNbr;Pos;Menge\n101224-01;Pos01;1\n")
	}
	return r
}

const oneStaff = `
variable "url" {}
variable "customer_id" {}

connection "perbit" "hr" {
  url         = var.url
  customer_id = var.customer_id
  username    = "API-Import-User"
  password    = secret("env:PERBIT_PASSWORD")
}

import "staff" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "Mitarbeiter"
  method     = "Import Mitarbeiterstammdaten Standard"
}
`

const oneShop = `
variable "shop" {}

connection "conbox" "shop" {
  url          = var.shop
  username     = "erp"
  password     = secret("env:CONBOX_PASSWORD")
  user_code    = "ERP01"
  user_api_key = secret("env:CONBOX_KEY")
  rate         = "1000/s"
}

rule "purchase" "orders" {
  connection = connection.conbox.shop
  folder     = "orders"

  document {
    DocTyp              = 2
    FinalCustomerLndCde = "D"
  }

  position {
    PosNbr = row.Pos
    Amount = row.Menge
  }
}
`

func (r *spokenRun) must(args ...string) string {
	r.Helper()
	out, err := r.command(args...).Output()
	if err != nil {
		r.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// interrupt starts a command, interrupts it when the server has taken something, and once more when it has said that it heard
// the first. It answers the exit code and all that was said.
func (r *spokenRun) interrupt(args []string, twice bool, taken func() bool) (int, string) {
	r.Helper()
	cmd := exec.Command(r.binary, args...)
	cmd.Dir, cmd.Env = r.dir, append(r.env, "DROPFORM_LOG=OFF")
	said := &heardUntil{wanted: []string{}}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		r.Fatal(err)
	}
	r.until("the server has it", said, taken)
	r.signal(cmd)
	if twice {
		r.until("the first interrupt is answered", said, func() bool { return strings.Contains(said.text(), "Interrupt again to stop at once.") })
		r.signal(cmd)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended: // its exit code is what is looked at
	case <-time.After(30 * time.Second): // half of what the server takes
		_ = cmd.Process.Kill()
		<-ended
		r.Fatalf("%v does not end:\n%s", args, said.text())
	}
	return cmd.ProcessState.ExitCode(), said.text()
}

func (r *spokenRun) signal(cmd *exec.Cmd) {
	r.Helper()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		r.Fatal(err)
	}
}

func (r *spokenRun) until(what string, said *heardUntil, true func() bool) {
	r.Helper()
	for deadline := time.Now().Add(30 * time.Second); !true(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.Fatalf("waited 30s until %s:\n%s", what, said.text())
		}
	}
}

// afterwards looks at what was said, what is recorded, and what the next run does.
func (r *spokenRun) afterwards(address, action string, twice bool, out string) {
	r.Helper()
	if twice {
		r.holds(out, "Two interrupts received.", address+": Outcome unknown after", "unknown: 1")
		r.holds(r.must("status"), address+"  unknown since")
		out, _ := r.command("apply", "-auto-approve", "-approve=*").Output()
		r.holds(string(out), "? "+address)
	} else {
		r.holds(out, "Finishing what is on the wire")
		if action == "Import" { // the job is the server's; nobody waited for it
			r.holds(out, "waiting: 1")
			r.holds(r.must("apply", "-auto-approve"), address+": Resumed and complete")
		} else {
			r.holds(out, address+": Placed", "Done: 1")
			r.holds(r.must("plan"), "No changes.")
		}
	}
	if n := len(r.server.Imports()) + len(r.server.Purchases()); n != 1 {
		r.Errorf("%d took effect", n)
	}
}

func (r *spokenRun) holds(text string, parts ...string) {
	r.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			r.Errorf("%q is not in\n%s", part, text)
		}
	}
}
