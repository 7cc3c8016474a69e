package perbit

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// Session is the one login to a stream that all its jobs share. It logs in when first needed and once more when the
// server says that the session is gone, then repeats the call. For a start that is safe because the refusal is
// documented as happening before the start (perbit 2.4, 3.4); its Body is opened again.
//
// Ids of imports and exports are not bound to the session: after a renewal, and after a restart of the process, the
// same ids are asked for. Safe for concurrent use.
type Session struct {
	client *Client
	stream Stream

	mu     sync.Mutex
	id     SecurityID // empty: none, or known to be dead
	flight *flight    // the login under way
}

// flight is a login that several callers wait for.
type flight struct {
	done chan struct{}
	id   SecurityID
	err  error
}

// Open logs in where there is no session, so that a call that must not be sent without one meets it. Its error says that
// nothing was sent.
func (s *Session) Open(ctx context.Context) error {
	_, err := s.login(ctx)
	return err
}

// use runs do under a session id, a second time if the first id turns out to be dead.
func use[T any](ctx context.Context, s *Session, action string, of Stream, do func(SecurityID) (T, error)) (T, error) {
	var none T
	if s.stream != of {
		c := call{action: action}
		return none, c.local(ClassBadAction, fmt.Errorf("%s does not belong to the %s stream", action, s.stream), "")
	}
	for attempt := 1; ; attempt++ {
		id, err := s.login(ctx)
		if err != nil {
			return none, err
		}
		v, err := do(id)
		e, ok := asError(err)
		if !ok || e.Class != ClassSession {
			return v, err
		}
		s.drop(id)
		if attempt == 2 || e.Certainty != Refused {
			return none, err
		}
	}
}

// login returns the session's id; of several callers one logs in. A caller whose context ends does not take the
// others with it.
func (s *Session) login(ctx context.Context) (SecurityID, error) {
	for {
		s.mu.Lock()
		if s.id != "" {
			defer s.mu.Unlock()
			return s.id, nil
		}
		f := s.flight
		if f == nil {
			f = &flight{done: make(chan struct{})}
			s.flight = f
			s.mu.Unlock()
			s.fly(ctx, f)
			return f.id, f.err
		}
		s.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			c := call{action: "Login"}
			return "", c.local(ClassCanceled, ctx.Err(), "")
		}
		if e, ok := asError(f.err); ok && e.Class == ClassCanceled {
			continue
		}
		return f.id, f.err
	}
}

// fly logs in. Whatever becomes of the login, the job for which it was made was not sent, and that is what the error
// says.
func (s *Session) fly(ctx context.Context, f *flight) {
	f.id, f.err = s.client.Login(ctx, s.stream)
	if e, ok := asError(f.err); ok {
		e := *e
		e.Certainty = NotSent
		f.err = &e
	}
	s.mu.Lock()
	s.id, s.flight = f.id, nil
	s.mu.Unlock()
	close(f.done)
}

// drop forgets a dead id, unless another caller has renewed it already.
func (s *Session) drop(dead SecurityID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == dead {
		s.id = ""
	}
}

// Logout ends the session on the server if there is one (perbit 2.2.8, 3.2.9). It is best effort: the session is
// forgotten whatever the error, and one that the server has ended already is no error. A later call logs in anew.
func (s *Session) Logout(ctx context.Context) error {
	s.mu.Lock()
	id := s.id
	s.id = ""
	s.mu.Unlock()
	if id == "" {
		return nil
	}
	err := s.client.Logout(ctx, s.stream, id)
	if e, ok := asError(err); ok && e.Class == ClassSession {
		return nil
	}
	return err
}

// done is the result of a call that has none.
type done struct{}

// Import is [Client.Import]. The Body must bear being opened twice.
func (s *Session) Import(ctx context.Context, r ImportRequest) (ImportID, error) {
	return use(ctx, s, "Import", ImportStream, func(id SecurityID) (ImportID, error) { return s.client.Import(ctx, id, r) })
}

// ImportAndWait is [Client.ImportAndWait]. The Body must bear being opened twice.
func (s *Session) ImportAndWait(ctx context.Context, r ImportRequest) (io.ReadCloser, error) {
	return use(ctx, s, "Import", ImportStream, func(id SecurityID) (io.ReadCloser, error) {
		return s.client.ImportAndWait(ctx, id, r)
	})
}

// ImportProgress is [Client.ImportProgress].
func (s *Session) ImportProgress(ctx context.Context, job ImportID) (Progress, error) {
	return use(ctx, s, "GetProgress", ImportStream, func(id SecurityID) (Progress, error) {
		return s.client.ImportProgress(ctx, id, job)
	})
}

// Protocol is [Client.Protocol].
func (s *Session) Protocol(ctx context.Context, job ImportID) (io.ReadCloser, error) {
	return use(ctx, s, "GetProtocol", ImportStream, func(id SecurityID) (io.ReadCloser, error) {
		return s.client.Protocol(ctx, id, job)
	})
}

// CancelImport is [Client.CancelImport].
func (s *Session) CancelImport(ctx context.Context, job ImportID) error {
	_, err := use(ctx, s, "Cancel", ImportStream, func(id SecurityID) (done, error) {
		return done{}, s.client.CancelImport(ctx, id, job)
	})
	return err
}

// Export is [Client.Export].
func (s *Session) Export(ctx context.Context, r ExportRequest) (ExportID, error) {
	return use(ctx, s, "Export", ExportStream, func(id SecurityID) (ExportID, error) { return s.client.Export(ctx, id, r) })
}

// ExportAndWait is [Client.ExportAndWait].
func (s *Session) ExportAndWait(ctx context.Context, r ExportRequest) (io.ReadCloser, error) {
	return use(ctx, s, "Export", ExportStream, func(id SecurityID) (io.ReadCloser, error) {
		return s.client.ExportAndWait(ctx, id, r)
	})
}

// ExportProgress is [Client.ExportProgress].
func (s *Session) ExportProgress(ctx context.Context, job ExportID) (Progress, error) {
	return use(ctx, s, "GetProgress", ExportStream, func(id SecurityID) (Progress, error) {
		return s.client.ExportProgress(ctx, id, job)
	})
}

// Result is [Client.Result].
func (s *Session) Result(ctx context.Context, job ExportID) (io.ReadCloser, error) {
	return use(ctx, s, "GetResult", ExportStream, func(id SecurityID) (io.ReadCloser, error) {
		return s.client.Result(ctx, id, job)
	})
}

// CancelExport is [Client.CancelExport].
func (s *Session) CancelExport(ctx context.Context, job ExportID) error {
	_, err := use(ctx, s, "Cancel", ExportStream, func(id SecurityID) (done, error) {
		return done{}, s.client.CancelExport(ctx, id, job)
	})
	return err
}
