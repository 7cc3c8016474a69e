package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
)

// importFile is perbit 2.2.2, with WaitForResult 2.2.4.
func (p *perbit) importFile(c *perbitCall) (answer, error) {
	s, err := p.session(c)
	if err != nil {
		return answer{}, err
	}
	job, err := p.startImport(c, s.tenant, s.user)
	if err != nil {
		return answer{}, err
	}
	if !c.waits() {
		return startedAnswer(c, job, nil), nil
	}
	if !p.wait(c.Context(), job) {
		panic(http.ErrAbortHandler)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if job.state != jobCompleted {
		return answer{}, refuse("Der Import konnte nicht ausgeführt werden.")
	}
	return dataAnswer(job.protocol()), nil
}

// loginAndImport is perbit 2.2.3. The session is opened once the start has
// succeeded: nobody could log out one whose id was never told.
func (p *perbit) loginAndImport(c *perbitCall) (answer, error) {
	t, user, err := p.authenticate(c)
	if err != nil {
		return answer{}, err
	}
	job, err := p.startImport(c, t, user)
	if err != nil {
		return answer{}, err
	}
	return startedAnswer(c, job, p.open(c.stream, t, user)), nil
}

// getProtocol is perbit 2.2.6: only after IsCompleted.
func (p *perbit) getProtocol(c *perbitCall) (answer, error) {
	job, err := p.job(c)
	if err != nil {
		return answer{}, err
	}
	defer p.mu.Unlock()
	if job.state == jobRunning || job.bare || c.faults.has(FaultNotFoundProtocol) {
		return answer{}, refuseUnknown(c.stream)
	}
	return dataAnswer(job.protocol()), nil
}

// startImport checks everything that needs no body, reads the body to its end
// and starts the job. A body that breaks off leaves nothing behind: the call
// ends without an answer.
func (p *perbit) startImport(c *perbitCall, t *perbitTenant, user User) (*perbitJob, error) {
	method, err := findMethod(c, t, user)
	if err != nil {
		return nil, err
	}
	if c.multipart() {
		return nil, refuse("Multipart-Requests werden nicht unterstützt.")
	}
	leave := p.enter(t)
	started := false
	defer func() {
		if !started {
			leave()
		}
	}()
	body := &countedBody{from: c.Body, digest: sha256.New(), limit: p.maxUpload}
	if f := c.faults.get(FaultSizeLimit); f != nil {
		body.limit = f.Limit
	}
	load := newImportLoad(method)
	if f := c.faults.get(FaultRejectRows); f != nil {
		load.rejectNext(f.Rows)
	}
	switch err := load.read(body); {
	case errors.Is(err, errTooLarge):
		return nil, refuse(fmt.Sprintf("Maximale Nachrichtengröße überschritten (%d MB)!", megabytes(body.limit)))
	case err != nil:
		panic(http.ErrAbortHandler)
	}
	job := newJob(t, user, method)
	job.load = load

	p.mu.Lock()
	defer p.mu.Unlock()
	started = true
	p.journal.imports = append(p.journal.imports, &ImportRecord{
		ID: job.id, Tenant: t.ID, User: user.Name, Object: method.Object, Method: method.Name,
		Email: c.param("EmailAddress"), SHA256: hex.EncodeToString(body.digest.Sum(nil)), Size: body.size,
		ReceivedAt: p.now(), Rows: load.seen, Rejected: load.rejected,
	})
	p.start(job, c)
	return job, nil
}

var errTooLarge = errors.New("body over the limit")

// countedBody hashes and counts what is read from it and stops at limit bytes
// (0: none).
type countedBody struct {
	from   io.Reader
	digest hash.Hash
	size   int64
	limit  int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	b.size += int64(n)
	if b.limit > 0 && b.size > b.limit {
		return 0, errTooLarge
	}
	b.digest.Write(p[:n])
	return n, err
}

// megabytes is the x of "(x MB)": decimal where the limit is, else MiB rounded up.
func megabytes(limit int64) int64 {
	if limit%1_000_000 == 0 {
		return limit / 1_000_000
	}
	return (limit + 1<<20 - 1) >> 20
}
