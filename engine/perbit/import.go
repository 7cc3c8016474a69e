package perbit

import (
	"context"
	"io"
)

// ImportRequest names an import method and the file for it. Email is optional: perbit sends the protocol there when
// the import fails.
type ImportRequest struct {
	Object, Method, Email string
	Body                  Body
}

// call makes the start call of the request.
func (r ImportRequest) call(action string) *call {
	c := &call{
		stream: ImportStream, action: action, start: true, upload: true, body: r.Body,
		params: []named{{"ObjectName", r.Object}, {"MethodName", r.Method}},
	}
	if r.Email != "" {
		c.params = append(c.params, named{"EmailAddress", r.Email})
	}
	return c
}

// Check is the *Error with which the start of the request would fail before anything is sent, under the customer id and the
// rule for names of Options, or nil. It does not look at the Body.
func (r ImportRequest) Check(customerID, parameters string) error {
	return r.call("Import").fits(customerID, parameters)
}

// Import starts an import (perbit 2.2.2). It is sent once; see Error.Certainty for what a failure means.
func (c *Client) Import(ctx context.Context, id SecurityID, r ImportRequest) (ImportID, error) {
	got, err := c.ids(ctx, r.call("Import").with(id), wantImport)
	return ImportID(got.ImportID), err
}

// LoginAndImport logs in and starts an import in one call (perbit 2.2.3). The session id is empty if the answer held
// only the import's.
func (c *Client) LoginAndImport(ctx context.Context, r ImportRequest) (SecurityID, ImportID, error) {
	call := r.call("LoginAndImport")
	call.login = true
	got, err := c.ids(ctx, call, wantImport)
	if err != nil {
		return "", "", err
	}
	return SecurityID(got.SecurityID), ImportID(got.ImportID), nil
}

// ImportAndWait starts an import and returns its protocol when it has ended (perbit 2.2.4). There is no id to ask
// with: an answer that is lost is lost. Only ctx bounds the time.
func (c *Client) ImportAndWait(ctx context.Context, id SecurityID, r ImportRequest) (io.ReadCloser, error) {
	call := r.call("Import")
	call.wait = true
	return c.stream(ctx, call.with(id))
}

// ImportProgress asks how far an import is (perbit 2.2.5).
func (c *Client) ImportProgress(ctx context.Context, id SecurityID, job ImportID) (Progress, error) {
	return c.progress(ctx, job.call("GetProgress").with(id, job.param()))
}

// Protocol fetches the protocol of a completed import, its bytes unaltered (perbit 2.2.6). The caller closes it; a read
// fails with an *Error when the answer breaks off.
func (c *Client) Protocol(ctx context.Context, id SecurityID, job ImportID) (io.ReadCloser, error) {
	return c.stream(ctx, job.call("GetProtocol").with(id, job.param()))
}

// CancelImport asks the server to stop an import (perbit 2.2.7). What was imported before stays.
func (c *Client) CancelImport(ctx context.Context, id SecurityID, job ImportID) error {
	return c.empty(ctx, job.call("Cancel").with(id, job.param()))
}

func (ImportID) call(action string) *call { return &call{stream: ImportStream, action: action} }

func (i ImportID) param() named { return named{"ImportId", string(i)} }
