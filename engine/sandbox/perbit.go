package sandbox

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// stream is one of the two handlers of the web API; each has its own logins.
type stream string

const (
	importStream stream = "Import"
	exportStream stream = "Export"
)

// perbit is the perbit half. A job has no goroutine: its progress is computed
// from the clock, and settle ends what is due before anything looks at it.
type perbit struct {
	now        func() time.Time
	latency    time.Duration
	jobTime    time.Duration
	sessionTTL time.Duration
	resultTTL  time.Duration
	maxUpload  int64
	faults     *faultScript
	closed     <-chan struct{}

	mu        sync.Mutex // guards all below and the tables
	tenants   map[string]*perbitTenant
	sessions  map[string]*perbitSession
	jobs      map[string]*perbitJob
	running   []*perbitJob // in the order of their end
	journal   journal
	nextSweep time.Time
}

// perbitTenant is a customer with its live data.
type perbitTenant struct {
	Tenant
	users   map[string]User
	tables  map[string]*liveTable
	working int // jobs from the arrival of their start call to their end
}

func newPerbit(o Options, faults *faultScript, closed <-chan struct{}) *perbit {
	p := &perbit{
		now:        o.Now,
		latency:    o.Latency,
		jobTime:    o.JobTime,
		sessionTTL: o.SessionTTL,
		resultTTL:  o.ResultTTL,
		maxUpload:  o.MaxUpload,
		faults:     faults,
		closed:     closed,
		tenants:    make(map[string]*perbitTenant),
		sessions:   make(map[string]*perbitSession),
		jobs:       make(map[string]*perbitJob),
		journal:    journal{calls: make(map[string]int)},
	}
	for _, t := range o.Tenants {
		tenant := &perbitTenant{Tenant: t, users: make(map[string]User), tables: make(map[string]*liveTable)}
		for _, u := range t.Users {
			tenant.users[u.Name] = u
		}
		for object, table := range t.Rows {
			tenant.tables[object] = newLiveTable(table)
		}
		for _, m := range t.Methods {
			if tenant.tables[m.Object] == nil {
				tenant.tables[m.Object] = newLiveTable(&Table{})
			}
		}
		p.tenants[strings.ToLower(t.ID)] = tenant
	}
	return p
}

// perbitActions are the documented actions (perbit 2.2 and 3.2).
var perbitActions = map[stream]map[string]func(*perbit, *perbitCall) (answer, error){
	importStream: {
		"Login":          (*perbit).login,
		"Import":         (*perbit).importFile,
		"LoginAndImport": (*perbit).loginAndImport,
		"GetProgress":    (*perbit).getProgress,
		"GetProtocol":    (*perbit).getProtocol,
		"Cancel":         (*perbit).cancel,
		"Logout":         (*perbit).logout,
	},
	exportStream: {
		"Login":          (*perbit).login,
		"Export":         (*perbit).export,
		"LoginAndExport": (*perbit).loginAndExport,
		"GetProgress":    (*perbit).getProgress,
		"GetResult":      (*perbit).getResult,
		"Cancel":         (*perbit).cancel,
		"Logout":         (*perbit).logout,
	},
}

// serve answers one call. The order is that of a real path: what stands before
// the server (latency, cuts, proxies) comes first, then the server itself, then
// what happens to its answer.
func (p *perbit) serve(w http.ResponseWriter, r *http.Request, on stream) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		htmlAnswer(http.StatusMethodNotAllowed, "").write(w)
		return
	}
	c := newPerbitCall(r, on)
	handler, known := perbitActions[on][c.action]
	p.count(c, known)
	c.faults = p.faults.take(on, c.action, c.tenantID())

	p.delay(r, c.faults)
	if c.faults.has(FaultCutBefore) {
		panic(http.ErrAbortHandler)
	}
	if f := c.faults.get(FaultCutDuringRequest); f != nil {
		cutDuringRequest(r, f.Limit)
	}
	if in, stands := inTheWay(c.faults); stands {
		drain(r.Body)
		in.write(w)
		return
	}
	p.loseSessions(c)

	if !known {
		handler = (*perbit).invalid
	}
	a, err := handler(p, c)
	if err != nil {
		// The caller reads the answer only once its body is out.
		drain(r.Body)
		a = refusalAnswer(err, c)
	}
	a = alter(a, err == nil, c.faults)
	switch {
	case !pause(r.Context(), p.closed, c.faults.delay(FaultSlowAnswer)), c.faults.has(FaultCutAfterAccept):
		panic(http.ErrAbortHandler)
	case c.faults.has(FaultCutDuringAnswer):
		a.writeHalf(w)
		panic(http.ErrAbortHandler)
	}
	a.write(w)
}

// invalid answers an action that the stream does not have.
func (p *perbit) invalid(c *perbitCall) (answer, error) {
	if _, err := p.tenant(c); err != nil {
		return answer{}, err
	}
	return answer{}, refuse(string(c.stream) + "Action " + c.action + " is invalid!")
}

func (p *perbit) count(c *perbitCall, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !known {
		p.journal.call(c.stream, "invalid")
		return
	}
	p.journal.call(c.stream, c.action)
}

// delay is Options.Latency and every latency fault; when the caller leaves or
// the server closes meanwhile, the call never happened.
func (p *perbit) delay(r *http.Request, faults faultSet) {
	if !pause(r.Context(), p.closed, p.latency+faults.delay(FaultLatency)) {
		panic(http.ErrAbortHandler)
	}
}

// loseSessions carries out what the faults do to sessions before the call.
func (p *perbit) loseSessions(c *perbitCall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := c.faults.get(FaultRestart); f != nil {
		p.restart(f.LoseJobs)
	}
	if c.faults.has(FaultLostSession) {
		if s := p.sessions[strings.ToLower(c.param("SecurityId"))]; s != nil {
			s.expired = true
		}
	}
}

// cutDuringRequest reads n bytes of the body, or half of it, and cuts.
func cutDuringRequest(r *http.Request, n int64) {
	if n <= 0 {
		n = r.ContentLength / 2
	}
	// Whether the bytes came does not matter, the connection is cut either way.
	_, _ = io.CopyN(io.Discard, r.Body, n)
	panic(http.ErrAbortHandler)
}

// drain reads the rest of a body; if that ends short, the caller is gone.
func drain(body io.Reader) {
	if _, err := io.Copy(io.Discard, body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// wait returns when a job has ended, JobTime after its start even if the
// injected clock stands still; false means that nobody waits any more.
func (p *perbit) wait(ctx context.Context, job *perbitJob) bool {
	p.mu.Lock()
	remaining := job.ends.Sub(p.now())
	p.mu.Unlock()
	timer := time.NewTimer(max(0, remaining))
	defer timer.Stop()
	select {
	case <-job.done:
	case <-timer.C:
		p.mu.Lock()
		p.settle(job.ends)
		p.mu.Unlock()
	case <-ctx.Done():
		return false
	case <-p.closed:
		return false
	}
	return true
}
