package sandbox

import (
	"maps"
	"time"
)

// ImportRecord is one import whose body was read to its end, whether or not
// the answer reached the caller.
type ImportRecord struct {
	ID         string    `json:"id"`
	Tenant     string    `json:"tenant"`
	User       string    `json:"user"`
	Object     string    `json:"object"`
	Method     string    `json:"method"`
	Email      string    `json:"email,omitempty"`
	SHA256     string    `json:"sha256"` // lower-case hex of the body
	Size       int64     `json:"size"`   // bytes
	ReceivedAt time.Time `json:"received_at"`
	Rows       int       `json:"rows"`     // data rows read, header not counted
	Rejected   int       `json:"rejected"` // of these
}

// ExportRecord is one export that was started.
type ExportRecord struct {
	ID        string            `json:"id"`
	Tenant    string            `json:"tenant"`
	User      string            `json:"user"`
	Object    string            `json:"object"`
	Method    string            `json:"method"`
	Variables map[string]string `json:"variables,omitempty"`
	StartedAt time.Time         `json:"started_at"`
	Rows      int               `json:"rows"`    // data rows of the result, 0 until it is there
	Size      int64             `json:"size"`    // bytes of the result
	Fetched   int               `json:"fetched"` // times the result was handed out
}

// journal counts and remembers what happened; the owner's lock guards it. It
// survives a restart fault: it is the tester's memory, not the server's.
type journal struct {
	calls         map[string]int
	imports       []*ImportRecord
	exports       []*ExportRecord
	logins        int
	refusedLogins int
	maxConcurrent int
}

func (j *journal) call(stream stream, action string) {
	j.calls[action]++
	j.calls[string(stream)+"/"+action]++
}

// Imports returns the imports accepted so far, oldest first.
func (s *Server) Imports() []ImportRecord {
	s.perbit.mu.Lock()
	defer s.perbit.mu.Unlock()
	return copies(s.perbit.journal.imports)
}

// Exports returns the exports started so far, oldest first.
func (s *Server) Exports() []ExportRecord {
	s.perbit.mu.Lock()
	defer s.perbit.mu.Unlock()
	s.perbit.settle(s.perbit.now())
	return copies(s.perbit.journal.exports)
}

func copies[T any](records []*T) []T {
	list := make([]T, len(records))
	for i, r := range records {
		list[i] = *r
	}
	return list
}

// Calls counts the calls that reached a stream, whatever became of them: by
// action over both streams ("GetProgress") and by stream and action
// ("Import/GetProgress"). Unknown actions count as "invalid".
func (s *Server) Calls() map[string]int {
	s.perbit.mu.Lock()
	defer s.perbit.mu.Unlock()
	return maps.Clone(s.perbit.journal.calls)
}

// Logins counts the sessions opened, by Login and by LoginAndImport or
// LoginAndExport.
func (s *Server) Logins() int {
	s.perbit.mu.Lock()
	defer s.perbit.mu.Unlock()
	return s.perbit.journal.logins
}

// RefusedLogins counts the calls refused for their user name or password.
func (s *Server) RefusedLogins() int {
	s.perbit.mu.Lock()
	defer s.perbit.mu.Unlock()
	return s.perbit.journal.refusedLogins
}

// OpenSessions counts the sessions neither logged out nor timed out nor lost.
func (s *Server) OpenSessions() int {
	s.perbit.mu.Lock()
	defer s.perbit.mu.Unlock()
	return s.perbit.openSessions()
}

// MaxConcurrentJobs is the highest number of jobs that any one tenant had at
// once, from the arrival of the start call to the end of the job.
func (s *Server) MaxConcurrentJobs() int {
	s.perbit.mu.Lock()
	defer s.perbit.mu.Unlock()
	return s.perbit.journal.maxConcurrent
}
