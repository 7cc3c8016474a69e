package perbit

import (
	"context"
	"io"
)

// ExportRequest names an export method. Variables fill the placeholders of its search criteria and are sent sorted by
// name; SingleQuotes picks the vendor's other spelling of them.
type ExportRequest struct {
	Object, Method string
	Variables      map[string]string
	SingleQuotes   bool
}

// call makes the start call of the request.
func (r ExportRequest) call(action string) (*call, error) {
	c := &call{
		stream: ExportStream, action: action, start: true,
		params: []named{{"ObjectName", r.Object}, {"MethodName", r.Method}},
	}
	if len(r.Variables) > 0 {
		text, err := exportVariables(r.Variables, r.SingleQuotes)
		if err != nil {
			return nil, c.local(ClassInvalid, err, "")
		}
		c.params = append(c.params, named{"ExportVariables", text})
	}
	return c, nil
}

// Check is the *Error with which the start of the request would fail before anything is sent, under the customer id and the
// rule for names of Options, or nil.
func (r ExportRequest) Check(customerID, parameters string) error {
	call, err := r.call("Export")
	if err != nil {
		return err
	}
	return call.fits(customerID, parameters)
}

// Export starts an export in the background (perbit 3.2.2).
func (c *Client) Export(ctx context.Context, id SecurityID, r ExportRequest) (ExportID, error) {
	call, err := r.call("Export")
	if err != nil {
		return "", err
	}
	got, err := c.ids(ctx, call.with(id), wantExport)
	return ExportID(got.ExportID), err
}

// ExportAndWait starts an export and returns its result (perbit 3.2.3). Only ctx bounds the time.
func (c *Client) ExportAndWait(ctx context.Context, id SecurityID, r ExportRequest) (io.ReadCloser, error) {
	call, err := r.call("Export")
	if err != nil {
		return nil, err
	}
	call.wait = true
	return c.stream(ctx, call.with(id))
}

// LoginAndExport logs in and starts an export in one call (perbit 3.2.4). The session id is empty if the answer held
// only the export's.
func (c *Client) LoginAndExport(ctx context.Context, r ExportRequest) (SecurityID, ExportID, error) {
	call, err := r.call("LoginAndExport")
	if err != nil {
		return "", "", err
	}
	call.login = true
	got, err := c.ids(ctx, call, wantExport)
	if err != nil {
		return "", "", err
	}
	return SecurityID(got.SecurityID), ExportID(got.ExportID), nil
}

// LoginAndExportAndWait logs in, starts an export and returns its result (perbit 3.2.5). Only ctx bounds the time.
func (c *Client) LoginAndExportAndWait(ctx context.Context, r ExportRequest) (io.ReadCloser, error) {
	call, err := r.call("LoginAndExport")
	if err != nil {
		return nil, err
	}
	call.login, call.wait = true, true
	return c.stream(ctx, call)
}

// ExportProgress asks how far an export is (perbit 3.2.6). Its flags say nothing about errors inside the export, which
// perbit records nowhere (perbit 3.3).
func (c *Client) ExportProgress(ctx context.Context, id SecurityID, job ExportID) (Progress, error) {
	return c.progress(ctx, job.call("GetProgress").with(id, job.param()))
}

// Result fetches the exported records, their bytes unaltered (perbit 3.2.8); perbit keeps them for one day. The caller
// closes it; a read fails with an *Error when the answer breaks off.
func (c *Client) Result(ctx context.Context, id SecurityID, job ExportID) (io.ReadCloser, error) {
	return c.stream(ctx, job.call("GetResult").with(id, job.param()))
}

// CancelExport asks the server to stop an export (perbit 3.2.7).
func (c *Client) CancelExport(ctx context.Context, id SecurityID, job ExportID) error {
	return c.empty(ctx, job.call("Cancel").with(id, job.param()))
}

func (ExportID) call(action string) *call { return &call{stream: ExportStream, action: action} }

func (e ExportID) param() named { return named{"ExportId", string(e)} }
