package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

type jobState int

const (
	jobRunning jobState = iota
	jobCompleted
	jobFaulted
	jobCanceled
)

// perbitJob is one import or export, of a tenant and user: a later session of
// the same user finds it again.
type perbitJob struct {
	id       string
	stream   stream
	tenant   *perbitTenant
	user     string
	method   Method
	started  time.Time
	ends     time.Time // when it is due
	finished time.Time
	state    jobState
	fails    bool          // a fault wants it to end as faulted
	bare     bool          // a fault wants its end without IsCompleted
	done     chan struct{} // closed at its end

	load      *importLoad       // imports: staged rows until the end, then only counts
	variables map[string]string // exports: the placeholders
	result    []byte            // exports: the file
	record    *ExportRecord
	created   int // imports: rows
	changed   int
}

// findMethod looks up what a start call wants to run and the right to do so
// (perbit 2.4, 3.4).
func findMethod(c *perbitCall, t *perbitTenant, user User) (Method, error) {
	object, name := c.param("ObjectName"), c.param("MethodName")
	objectKnown, nameKnown := false, false
	for _, m := range t.Methods {
		if m.Object != object {
			continue
		}
		objectKnown = true
		if m.Name != name {
			continue
		}
		nameKnown = true
		if string(m.Kind) != string(c.stream) {
			continue
		}
		if slices.Contains(user.NoRights, name) {
			return Method{}, refuse("Um diese Aktion auszuführen sind Berechtigungen erforderlich.")
		}
		return m, nil
	}
	switch {
	case nameKnown:
		return Method{}, refuse("Ungültiger Methodentyp.")
	case objectKnown:
		return Method{}, refuse("Methode ist nicht vorhanden.")
	}
	return Method{}, refuse("Methode ist nicht vorhanden./Ungültiger Methodentyp.")
}

// enter counts a job of the tenant from the arrival of its start call; what it
// returns takes that back when the call is refused.
func (p *perbit) enter(t *perbitTenant) (leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settle(p.now())
	t.working++
	p.journal.maxConcurrent = max(p.journal.maxConcurrent, t.working)
	return func() {
		p.mu.Lock()
		t.working--
		p.mu.Unlock()
	}
}

// start puts a job to work, entered before. The caller holds the lock.
func (p *perbit) start(job *perbitJob, c *perbitCall) {
	now := p.now()
	p.sweep(now)
	job.stream = c.stream
	job.started, job.ends = now, now.Add(p.jobTime)
	job.fails = c.faults.has(FaultFailJob)
	job.done = make(chan struct{})
	p.jobs[job.id] = job
	p.running = append(p.running, job)
	p.settle(now)
}

// settle ends all jobs that are due, in the order of their ends, so that each
// sees what those before it did. The caller holds the lock.
func (p *perbit) settle(now time.Time) {
	for len(p.running) > 0 && !p.running[0].ends.After(now) {
		job := p.running[0]
		p.running = p.running[1:]
		job.run()
		job.tenant.working--
	}
	if len(p.running) == 0 {
		p.running = nil
	}
}

// run does the job's work, at its end.
func (j *perbitJob) run() {
	switch {
	case j.fails:
		j.end(jobFaulted, j.ends)
		return
	case j.load != nil:
		j.created, j.changed = j.load.apply(j.tenant.tables[j.method.Object])
	default:
		j.result, j.record.Rows = render(j.method, j.tenant.tables[j.method.Object], j.variables)
		j.record.Size = int64(len(j.result))
	}
	j.end(jobCompleted, j.ends)
}

// end closes a job; staged rows are given up.
func (j *perbitJob) end(state jobState, at time.Time) {
	j.state, j.finished = state, at
	if j.load != nil {
		j.load.rows = nil
	}
	close(j.done)
}

// stop ends a running job early. The caller holds the lock.
func (p *perbit) stop(job *perbitJob, state jobState) {
	p.running = slices.DeleteFunc(p.running, func(j *perbitJob) bool { return j == job })
	job.end(state, p.now())
	job.tenant.working--
}

func (p *perbit) forgotten(job *perbitJob, now time.Time) bool {
	return job.state != jobRunning && now.Sub(job.finished) > p.resultTTL
}

// job finds the job of a call, settled, and keeps the lock for the caller, who
// must release it if there is no error.
func (p *perbit) job(c *perbitCall) (*perbitJob, error) {
	s, err := p.session(c)
	if err != nil {
		return nil, err
	}
	id, err := guid(c, string(c.stream)+"Id")
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	now := p.now()
	p.settle(now)
	job := p.jobs[id]
	if job == nil || job.stream != c.stream || job.tenant != s.tenant || job.user != s.user.Name || p.forgotten(job, now) {
		p.mu.Unlock()
		return nil, refuseUnknown(c.stream)
	}
	return job, nil
}

func refuseUnknown(on stream) error {
	return refuse("Es wurden keine Daten zu dieser " + string(on) + "-ID gefunden.")
}

// getProgress is perbit 2.2.5 and 3.2.6.
func (p *perbit) getProgress(c *perbitCall) (answer, error) {
	job, err := p.job(c)
	if err != nil {
		return answer{}, err
	}
	defer p.mu.Unlock()
	for kind, state := range map[string]jobState{
		FaultFaultedWithoutCompleted: jobFaulted, FaultCanceledWithoutCompleted: jobCanceled,
	} {
		if !c.faults.has(kind) {
			continue
		}
		if job.state == jobRunning {
			p.stop(job, state)
		}
		job.state, job.bare = state, true
	}
	return job.progress(p.now(), c.faults.has(FaultStuckProgress)), nil
}

// progress is the vendor's object, its keys in the order of the vendor's sample.
func (j *perbitJob) progress(now time.Time, stuck bool) answer {
	state, value := j.state, 100
	switch {
	case stuck:
		state, value = jobRunning, 42
	case state == jobRunning:
		value = min(99, int(100*now.Sub(j.started)/max(1, j.ends.Sub(j.started))))
	}
	message := strconv.Itoa(value) + "%"
	switch state {
	case jobFaulted:
		message = "Bei der Ausführung ist ein Fehler aufgetreten."
	case jobCanceled:
		message = "Abgebrochen"
	}
	// No value here can fail to marshal.
	body, _ := json.Marshal(struct {
		IsCanceled, IsCompleted, IsFaulted bool
		ProgressMessage, ProgressValue     string
	}{state == jobCanceled, state != jobRunning && !j.bare, state == jobFaulted, message, strconv.Itoa(value)})
	return jsonAnswer(string(body))
}

// cancel is perbit 2.2.7 and 3.2.7; a job that has ended stays as it is.
func (p *perbit) cancel(c *perbitCall) (answer, error) {
	job, err := p.job(c)
	if err != nil {
		return answer{}, err
	}
	defer p.mu.Unlock()
	if job.state == jobRunning {
		p.stop(job, jobCanceled)
	}
	return answer{status: 200}, nil
}

// startedAnswer is the answer to a start call: its ids, the session's only if the
// call opened one.
func startedAnswer(c *perbitCall, job *perbitJob, opened *perbitSession) answer {
	if opened != nil {
		return jsonAnswer(fmt.Sprintf(`{"SecurityId": "%s", "%sId": "%s"}`, opened.id, c.stream, job.id))
	}
	return jsonAnswer(fmt.Sprintf(`{"%sId": "%s"}`, c.stream, job.id))
}

func newJob(t *perbitTenant, user User, m Method) *perbitJob {
	return &perbitJob{id: uuid.NewString(), tenant: t, user: user.Name, method: m}
}
