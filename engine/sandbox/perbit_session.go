package sandbox

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// perbitSession is a login at one stream.
type perbitSession struct {
	id       string
	stream   stream
	tenant   *perbitTenant
	user     User
	lastUsed time.Time
	expired  bool // timed out or lost: remembered for the right message
}

// tenant finds the customer of the URL.
func (p *perbit) tenant(c *perbitCall) (*perbitTenant, error) {
	// The map itself never changes after New.
	t := p.tenants[strings.ToLower(c.tenantID())]
	if t == nil {
		return nil, refuse("Tenant not found!")
	}
	return t, nil
}

// authenticate checks Basic. The two streams word the refusal differently.
func (p *perbit) authenticate(c *perbitCall) (*perbitTenant, User, error) {
	t, err := p.tenant(c)
	if err != nil {
		return nil, User{}, err
	}
	name, password, present := c.basic()
	user, known := t.users[name]
	if !present || !known || user.Password != password {
		p.mu.Lock()
		p.journal.refusedLogins++
		p.mu.Unlock()
		if c.stream == exportStream {
			return nil, User{}, refuse("Ungültige Anmeldungsparameter!")
		}
		return nil, User{}, refuse("Ungültige Anmeldeparameter!")
	}
	return t, user, nil
}

// session finds the caller's session and renews it. Basic is not needed here
// (perbit 3.1), but if it is sent it must be right.
func (p *perbit) session(c *perbitCall) (*perbitSession, error) {
	t, err := p.tenant(c)
	if err != nil {
		return nil, err
	}
	if _, _, present := c.basic(); present {
		if _, _, err := p.authenticate(c); err != nil {
			return nil, err
		}
	}
	id, err := guid(c, "SecurityId")
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	s := p.sessions[id]
	switch {
	case s == nil || s.tenant != t || s.stream != c.stream:
		return nil, refuse("Ungültiges Securitytoken!")
	case p.dead(s, now):
		return nil, refuse("Die Sitzung wurde nicht gefunden oder ist abgelaufen!")
	}
	s.lastUsed = now
	return s, nil
}

// guid reads a parameter that must be a filled, well-formed GUID.
func guid(c *perbitCall, name string) (string, error) {
	text := c.param(name)
	if text == "" {
		return "", refuseEmpty(name)
	}
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		return "", refuse(malformedGUID)
	}
	return id.String(), nil
}

func (p *perbit) dead(s *perbitSession, now time.Time) bool {
	return s.expired || now.Sub(s.lastUsed) > p.sessionTTL
}

// open starts a session.
func (p *perbit) open(on stream, t *perbitTenant, user User) *perbitSession {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.sweep(now)
	s := &perbitSession{id: uuid.NewString(), stream: on, tenant: t, user: user, lastUsed: now}
	p.sessions[s.id] = s
	p.journal.logins++
	return s
}

// login is perbit 2.2.1 and 3.2.1.
func (p *perbit) login(c *perbitCall) (answer, error) {
	t, user, err := p.authenticate(c)
	if err != nil {
		return answer{}, err
	}
	s := p.open(c.stream, t, user)
	return jsonAnswer(fmt.Sprintf(`{"SecurityId": "%s"}`, s.id)), nil
}

// logout is perbit 2.2.8 and 3.2.9. The id is invalid at once, jobs go on.
func (p *perbit) logout(c *perbitCall) (answer, error) {
	s, err := p.session(c)
	if err != nil {
		return answer{}, err
	}
	p.mu.Lock()
	delete(p.sessions, s.id)
	p.mu.Unlock()
	return answer{status: 200}, nil
}

func (p *perbit) openSessions() int {
	n, now := 0, p.now()
	for _, s := range p.sessions {
		if !p.dead(s, now) {
			n++
		}
	}
	return n
}

// restart is what a restart of the server does; results live in its database
// and stay unless loseJobs. The caller holds the lock.
func (p *perbit) restart(loseJobs bool) {
	for _, s := range p.sessions {
		s.expired = true
	}
	if !loseJobs {
		return
	}
	for _, job := range p.running {
		job.end(jobFaulted, p.now())
		job.tenant.working--
	}
	p.running = nil
	clear(p.jobs)
}

// sweep forgets, at most once a minute, dead sessions after a day and jobs
// after ResultTTL. The caller holds the lock.
func (p *perbit) sweep(now time.Time) {
	if now.Before(p.nextSweep) {
		return
	}
	p.nextSweep = now.Add(time.Minute)
	for id, s := range p.sessions {
		if now.Sub(s.lastUsed) > p.sessionTTL+24*time.Hour {
			delete(p.sessions, id)
		}
	}
	for id, job := range p.jobs {
		if p.forgotten(job, now) {
			delete(p.jobs, id)
		}
	}
}
