package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/afero"
	"pgregory.net/rapid"

	"dropform/engine"
	"dropform/engine/faultfs"
	"dropform/engine/sandbox"
)

// TestCrashSchedules lives through random schedules of everything that can happen to a project at once: files dropped by all
// kinds of writers, the same content again, other content under the same name, bad files; renamed, changed and broken
// blocks, folders and names that pass from one import to another, a connection that is renamed or leads elsewhere; a disk that is full, cannot be read or loses the right to write, folders on another volume; a server that
// refuses, cuts, is slow, faults jobs, forgets sessions and jobs, or is gone; applies, watches, kill -9 at any moment, and a
// person who says the truth. It is the real watcher, service, planner, runner, ledger, clients and sandbox, in a bubble of
// synctest: hours pass in no time.
//
// At every step nothing may have been sent twice or cut off, and every file is still somewhere. In the end everything heals;
// then every file was imported once, rejected with a report, or says what it waits for, with its protocol, and no temporary
// file is left.
//
// The dose in CI is that of rapid; a long one is `go test ./engine -run TestCrashSchedules -rapid.checks=2000`.
func TestCrashSchedules(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a ledger that is in use cannot be copied there")
	}
	rapid.Check(t, func(rt *rapid.T) {
		failure := bubble(t, func() {
			w := newWorld(rt, drawTraits(rt), drawShape(rt))
			defer w.close()
			w.rt = rt
			w.start()
			for range rapid.IntRange(2, 25).Draw(rt, "steps") {
				w.step(rapid.SampledFrom(worldSteps).Draw(rt, "step"))
				w.check()
			}
			w.settle()
		})
		if failed, ok := failure.(worldFailure); ok {
			rt.Fatalf("%s", string(failed))
		} else if failure != nil {
			panic(failure)
		}
	})
}

// bubble runs a schedule in a bubble of its own and answers what it panicked with.
func bubble(t *testing.T, schedule func()) (failure any) {
	defer func() {
		if stuck := recover(); failure == nil { // else it is only stuck because it failed
			failure = stuck
		}
	}()
	synctest.Test(t, func(*testing.T) {
		defer func() { failure = recover() }()
		schedule()
	})
	return failure
}

// worldFailure is what a violation panics with, to get out of the bubble.
type worldFailure string

// judge lets the rigs fail the schedule.
type judge struct {
	testing.TB
	w *world
}

func (j *judge) Helper() {}
func (j *judge) Fatalf(f string, a ...any) {
	panic(worldFailure(fmt.Sprintf(f, a...) + "\n" + strings.Join(j.w.told(), "\n")))
}
func (j *judge) Fatal(a ...any)            { j.Fatalf("%s", fmt.Sprint(a...)) }
func (j *judge) Errorf(f string, a ...any) { j.Fatalf(f, a...) }
func (j *judge) Error(a ...any)            { j.Fatalf("%s", fmt.Sprint(a...)) }

// world is one project with its users, its servers and its processes.
type world struct {
	*rig
	rt    *rapid.T
	disk  *faultfs.FS // what the processes see, with faults
	wire  *wire
	lives []*life
	forks int
	calm  chan struct{} // holds a token while nobody may be killed; no mutex, for which time would stand still

	worldTraits
	shape    worldShape
	cfg      *engine.Config // the newest that can be read
	broken   bool           // the file that is saved cannot
	troubled bool           // a fault of the disk was injected: processes may fail
	denied   bool           // the server denied a protocol or lost a job
	everAuto bool           // for a time, orders did not wait for a person

	files   map[string]*drop // by path, what lies there by the user's last act
	drops   []*drop
	asked   map[string]int  // by digest, how often a person asked for it again
	agreed  map[string]bool // digests of calls that a person has approved
	written map[string]bool // paths that a user is writing
	serial  int
	history []string
}

// drop is one file as a user dropped it.
type drop struct {
	path, text string
	whole      bool // it is all there
	gone       bool // the user deleted or replaced it
}

// worldTraits is what a world is like from its beginning to its end.
type worldTraits struct {
	jobTime, latency time.Duration
	deaf             bool // no events of the file system
	blind            bool // nobody can say whether a file is being written
	autoApprove      bool // watches apply edits
}

func drawTraits(rt *rapid.T) worldTraits {
	return worldTraits{
		jobTime: rapid.SampledFrom([]time.Duration{0, 2 * time.Second, 3 * time.Minute}).Draw(rt, "job time"),
		latency: rapid.SampledFrom([]time.Duration{0, 20 * time.Millisecond}).Draw(rt, "latency"),
		deaf:    rapid.Bool().Draw(rt, "deaf"), blind: rapid.Bool().Draw(rt, "blind"), autoApprove: rapid.Bool().Draw(rt, "auto-approve"),
	}
}

// inWorld runs a schedule that is not left to chance. It makes only such steps as draw nothing.
func inWorld(t *testing.T, traits worldTraits, shape worldShape, schedule func(*world)) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a ledger that is in use cannot be copied there")
	}
	failure := bubble(t, func() {
		w := newWorld(t, traits, shape)
		defer w.close()
		w.start()
		schedule(w)
		w.settle()
	})
	if failed, ok := failure.(worldFailure); ok {
		t.Fatalf("%s", string(failed))
	} else if failure != nil {
		panic(failure)
	}
}

func newWorld(t interface{ Fatal(...any) }, traits worldTraits, shape worldShape) *world {
	dir, err := os.MkdirTemp(fastDir(), "world")
	if err != nil {
		t.Fatal(err)
	}
	options := sandbox.Options{
		Tenants:   []sandbox.Tenant{worldTenant(sandbox.DemoCustomerID), worldTenant(otherCustomer)},
		Documents: marketDocuments, Conbox: sandbox.ConboxSettings{UserCode: sandbox.DemoUserCode}, JobTime: traits.jobTime, Latency: traits.latency,
	}
	w := &world{
		worldTraits: traits, shape: shape,
		files: map[string]*drop{}, calm: make(chan struct{}, 1), asked: map[string]int{}, agreed: map[string]bool{}, written: map[string]bool{},
	}
	w.disk = faultfs.New(afero.NewOsFs())
	w.rig = &rig{t: &judge{w: w}, dir: dir, box: sandbox.New(options), url: "http://127.0.0.1:1", fs: afero.NewOsFs(), now: time.Now, boxes: engine.NewConboxes("test")}
	w.wire = newWire(w.box)
	outside := &life{w: w, left: -1} // a person at a prompt, who does not die
	w.boxes.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return w.wire.dial(ctx, outside) }
	w.everAuto = !w.shape.manual
	if w.shape.volumes {
		w.disk.Volume(w.path("done"))
		w.disk.Volume(w.path("failed"))
	}
	return w
}

// start applies the definitions.
func (w *world) start() {
	for _, folder := range []string{"in", "in2", "orders"} {
		w.must(os.Mkdir(w.path(folder), 0o755))
	}
	w.save()
	w.apply(-1, false)
	w.reap(false)
}

// fastDir is a folder in memory, where there is one.
func fastDir() string {
	if fi, err := os.Stat("/dev/shm"); err == nil && fi.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// otherCustomer is a second one of the same server.
const otherCustomer = "0b7e6c1d-93f4-4a52-8d1e-5c2f7a9b4e60"

// worldTenant takes every import that is a CSV file.
func worldTenant(id string) sandbox.Tenant {
	t := sandbox.DemoTenant(id, time.Now())
	t.Methods = append(
		t.Methods,
		sandbox.Method{Object: "Mitarbeiter", Name: "A", Kind: sandbox.Import},
		sandbox.Method{Object: "Mitarbeiter", Name: "B", Kind: sandbox.Import},
	)
	return t
}

func (w *world) close() {
	w.killAll()
	for _, l := range w.processes() {
		<-l.done
	}
	w.boxes.Close()
	w.box.Close()
	w.wire.close()
	_ = os.RemoveAll(w.dir)
}

// tell notes what is done, for the report of a violation.
func (w *world) note(f string, a ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(f, a...))
}

func (w *world) told() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.history
}

// hear notes what a process tells.
func (w *world) hear(e engine.Event) {
	switch e := e.(type) {
	case engine.StepEnded:
		w.note("  %s %s: %s %s", e.Action.Kind, e.Action.Address, e.Result, e.Text)
	case engine.ConfigRejected:
		w.note("  configuration rejected: %v", e.Diags)
	}
}

func (w *world) writers(path string) (busy, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written[path] && !w.blind, !w.blind
}

func (w *world) writing(path string, is bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written[path] = is
}

// worldSteps is what may happen, as often as it is named.
var worldSteps = []string{
	"drop", "drop", "drop", "drop", "drop", "order", "order", "same", "delete", "disk", "disk", "mend disk", "server", "server", "mend server",
	"down", "edit", "edit", "edit", "edit", "apply", "apply", "named", "dying", "dying", "dying", "watch", "watch", "dying watch", "dying watch", "stop", "kill",
	"pass", "pass", "pass", "person", "person",
}

func (w *world) step(what string) {
	w.note("%s", what)
	switch what {
	case "drop":
		w.dropSome(w.someImport())
	case "order":
		w.put(w.path("orders/"+w.someName()), w.someOrder())
	case "same":
		if len(w.drops) > 0 {
			w.dropSome(rapid.SampledFrom(w.drops).Draw(w.rt, "content").text)
		}
	case "delete":
		w.deleteSome()
	case "disk":
		f := rapid.SampledFrom(worldDiskFaults).Draw(w.rt, "disk fault")
		f.Times, f.After = rapid.IntRange(0, 3).Draw(w.rt, "times"), rapid.IntRange(0, 3).Draw(w.rt, "after")
		w.note("  %+v", f)
		w.troubled = true
		w.disk.Inject(f)
	case "mend disk":
		w.disk.Clear()
	case "server":
		f := rapid.SampledFrom(worldServerFaults).Draw(w.rt, "server fault")
		w.note("  %+v", f)
		w.denied = w.denied || f.Kind == sandbox.FaultNotFoundProtocol || f.LoseJobs
		w.inject(f)
	case "mend server":
		w.box.ClearFaults()
		w.wire.setDown(false)
	case "down":
		w.wire.setDown(true)
	case "edit":
		w.edit()
	case "pass":
		w.pass(rapid.SampledFrom([]time.Duration{time.Millisecond, 700 * time.Millisecond, 5 * time.Second, time.Minute, time.Hour}).Draw(w.rt, "time"))
	default:
		w.process(what)
	}
}

// process starts and ends processes, and lets a person speak.
func (w *world) process(what string) {
	switch what {
	case "apply", "named", "dying":
		if w.broken {
			return
		}
		moments := -1
		if what == "dying" {
			moments = rapid.IntRange(0, 120).Draw(w.rt, "moments")
		}
		w.apply(moments, what == "named")
	case "watch", "dying watch":
		if w.broken || w.watching() != nil {
			return
		}
		moments := -1
		if what == "dying watch" {
			moments = rapid.IntRange(0, 150).Draw(w.rt, "moments")
		}
		w.watch(moments)
	case "stop":
		if l := w.watching(); l != nil {
			l.stop()
			<-l.done
		}
	case "kill":
		w.killAll()
	case "person":
		w.person(false)
		return
	}
	if what != "watch" && what != "dying watch" && rapid.Bool().Draw(w.rt, "wait for it") {
		w.reap(false)
	}
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	w.note("  %s", d)
	time.Sleep(d)
	synctest.Wait()
}

var (
	errNoSpace = faultError("no space left on device")
	errIO      = faultError("input/output error")
)

type faultError string

func (e faultError) Error() string { return string(e) }

// Faults of the disk: what fails, and where.
var worldDiskFaults = []faultfs.Fault{
	{Op: faultfs.OpWrite, Err: errNoSpace, Keep: 7},
	{Op: faultfs.OpWrite, On: "/in/", Err: errNoSpace, Keep: 7},
	{Op: faultfs.OpWrite, On: "/orders/", Err: errNoSpace, Keep: 7},
	{Op: faultfs.OpWrite, On: "/out/", Err: errNoSpace},
	{Op: faultfs.OpWrite, On: ".dropform-served", Err: errNoSpace},
	{Op: faultfs.OpSync, Err: errIO},
	{Op: faultfs.OpSyncDir, Err: errIO},
	{Op: faultfs.OpClose, Err: errIO},
	{Op: faultfs.OpRead, Err: errIO},
	{Op: faultfs.OpRead, On: "/in/", Err: errIO},
	{Op: faultfs.OpOpen, Err: os.ErrPermission},
	{Op: faultfs.OpOpen, On: "/in", Err: os.ErrPermission},
	{Op: faultfs.OpCreate, Err: os.ErrPermission},
	{Op: faultfs.OpRename, Err: os.ErrPermission},
	{Op: faultfs.OpRename, On: "/in/", Err: errIO},
	{Op: faultfs.OpRename, On: "dropform-tmp", Err: os.ErrPermission},
	{Op: faultfs.OpRemove, Err: os.ErrPermission},
	{Op: faultfs.OpReadDir, Err: errIO},
	{Op: faultfs.OpStat, Err: errIO},
	{Op: faultfs.OpStat, On: "/in", Err: os.ErrPermission},
	{Op: faultfs.OpMkdir, Err: os.ErrPermission},
	{Op: faultfs.OpChtimes, Err: os.ErrPermission},
	{Op: faultfs.OpTruncate, Err: errIO},
}

// Faults of the servers.
var worldServerFaults = []sandbox.Fault{
	{Kind: sandbox.FaultCutBefore, Times: 1},
	{Kind: sandbox.FaultCutBefore, Action: "Import", Times: 1},
	{Kind: sandbox.FaultCutDuringRequest, Action: "Import", Times: 1},
	{Kind: sandbox.FaultCutAfterAccept, Action: "Import", Times: 1},
	{Kind: sandbox.FaultCutAfterAccept, Times: 2},
	{Kind: sandbox.FaultCutDuringAnswer, Times: 1},
	{Kind: sandbox.FaultCutDuringAnswer, Action: "GetProtocol", Times: 1},
	{Kind: sandbox.FaultCutDuringAnswer, Action: "GetResult", Times: 1},
	{Kind: sandbox.FaultGarbage, Action: "Import", Times: 1},
	{Kind: sandbox.FaultStatus, Status: 503, Times: 3},
	{Kind: sandbox.FaultStatus, Status: 500, Action: "Import", Times: 1, Accepted: true},
	{Kind: sandbox.FaultStatus, Status: 500, Action: "Import", Times: 1},
	{Kind: sandbox.FaultStatus, Status: 400, Action: "Import", Times: 1, Body: "Methode ist nicht vorhanden."},
	{Kind: sandbox.FaultSlowAnswer, Delay: 90 * time.Second, Times: 1},
	{Kind: sandbox.FaultSlowAnswer, Delay: 90 * time.Second, Action: "Import", Times: 1},
	{Kind: sandbox.FaultLatency, Delay: 90 * time.Second, Times: 1},
	{Kind: sandbox.FaultLostSession, Times: 1},
	{Kind: sandbox.FaultLostSession, Action: "GetProgress", Times: 1},
	{Kind: sandbox.FaultRestart, Times: 1},
	{Kind: sandbox.FaultRestart, LoseJobs: true, Times: 1},
	{Kind: sandbox.FaultFailJob, Times: 1},
	{Kind: sandbox.FaultStuckProgress, Times: 5},
	{Kind: sandbox.FaultFaultedWithoutCompleted, Times: 1},
	{Kind: sandbox.FaultCanceledWithoutCompleted, Times: 1},
	{Kind: sandbox.FaultNotFoundProtocol, Times: 1},
	{Kind: sandbox.FaultNotFoundProtocol, Times: 9},
	{Kind: sandbox.FaultHTMLLogin, Times: 1},
	onPurchase(sandbox.FaultCutBefore), onPurchase(sandbox.FaultCutAfterAccept), onPurchase(sandbox.FaultRefuse),
	onPurchase(sandbox.FaultStatus, status(500, true)), onPurchase(sandbox.FaultStatus, status(500, false)), onPurchase(sandbox.FaultBrokenJSON),
	{Kind: sandbox.FaultCutAfterAccept, Action: "SetReadyStatus", Times: 1},
	{Kind: sandbox.FaultStatus, Action: "Probe", Status: 503, Times: 1},
	{Kind: sandbox.FaultStatus, Action: "GetPositionData", Status: 403, Times: 1},
}

func (w *world) someName() string {
	return rapid.SampledFrom([]string{"a.csv", "b.csv", "2.csv", "10.csv"}).Draw(w.rt, "name")
}

// announce tells the watch what a user did to a path.
func (w *world) announce(path string, ops ...fsnotify.Op) {
	if l := w.watching(); l != nil && l.events != nil {
		for _, op := range ops {
			l.tell(op, path)
		}
	}
}

func (w *world) must(err error) {
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Fatal(err)
	}
}

// someDir is a folder that imports are dropped into.
func (w *world) someDir() string {
	if w.shape.second == "other" {
		return w.path(rapid.SampledFrom([]string{"in", "in2"}).Draw(w.rt, "folder"))
	}
	return w.path(w.shape.folder)
}
