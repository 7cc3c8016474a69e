package perbit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// call is one action on its way to the wire.
type call struct {
	stream Stream
	action string
	wait   bool // WaitForResult=1
	start  bool // starts a job: Certainty matters
	login  bool // carries Basic (perbit 2.2.1, 2.2.3, 3.2.1, 3.2.4, 3.2.5)
	upload bool // carries a file
	body   Body
	ids    []named // SecurityId, ImportId, ExportId: always headers, so that no access log holds them
	params []named // names, e-mail, variables: placed by Options.Parameters

	late    bool     // the answer took longer than a refusal does
	secrets []string // what must not come back in an error
}

// named is a parameter, spelled as the vendor spells it.
type named struct{ name, value string }

// queryLimit leaves room below the 2048 bytes that IIS takes.
const queryLimit = 1900

// with adds ids of session and job, which are GUIDs, to the call.
func (c *call) with(id SecurityID, job ...named) *call {
	c.secrets = append(c.secrets, string(id))
	c.ids = append([]named{{"SecurityId", string(id)}}, job...)
	return c
}

// check refuses locally what the server is documented to refuse, and what could not be sent as it is.
func (c *call) check() *Error {
	for _, id := range c.ids {
		if !usableGUID(id.value) {
			return c.local(ClassGUID, fmt.Errorf("%s is not a GUID", id.name), "")
		}
	}
	if err := c.checkParams(); err != nil {
		return err
	}
	if c.upload && (c.body.Size < 0 || c.body.Open == nil && c.body.Size > 0) {
		return c.local(ClassBody, errors.New("no file to send"), "")
	}
	return nil
}

// checkParams refuses what the caller asks for and could not arrive as it is: a fault of this call alone.
func (c *call) checkParams() *Error {
	for _, p := range c.params {
		switch {
		case p.value == "":
			return c.local(ClassInvalid, fmt.Errorf("%s is empty", p.name), "")
		case !utf8.ValidString(p.value):
			return c.local(ClassInvalid, fmt.Errorf("%s is not valid UTF-8", p.name), "")
		case strings.ContainsFunc(p.value, unicode.IsControl):
			return c.local(ClassInvalid, fmt.Errorf("%s holds a control character", p.name), "")
		}
	}
	return nil
}

// query is what stands behind the address's ?, under the rule for names of a customer's connection.
func (c *call) query(customerID, rule string) (string, *Error) {
	query := "Id=" + customerID + "&" + c.stream.actionKey() + "=" + c.action
	if c.wait {
		query += "&WaitForResult=1"
	}
	for _, p := range c.params {
		if !inHeader(rule, p.value) {
			query += "&" + p.name + "=" + strings.ReplaceAll(url.QueryEscape(p.value), "+", "%20")
		}
	}
	if len(query) > queryLimit {
		return "", c.local(ClassInvalid, fmt.Errorf("the address would be %d bytes long after its ?, over the %d that web servers take",
			len(query), queryLimit), "shorten the names or set parameters = \"header\"")
	}
	return query, nil
}

// fits is the fault of a start that would be refused here, found without a client.
func (c *call) fits(customerID, rule string) error {
	if err := c.checkParams(); err != nil {
		return err
	}
	if _, err := c.query(customerID, rule); err != nil {
		return err
	}
	return nil
}

// inHeader applies the rule for names: in "auto" a header takes what arrives there unchanged, which is ASCII without
// blanks at its ends.
func inHeader(rule, value string) bool {
	switch rule {
	case "header":
		return true
	case "url":
		return false
	}
	return strings.TrimSpace(value) == value && !strings.ContainsFunc(value, func(r rune) bool { return r > unicode.MaxASCII })
}

// request builds the HTTP request (perbit 2.2, 3.2): always POST, Id in the URL only. Header names keep the vendor's
// spelling, so they are set without Go's canonical form. There is never an Idempotency-Key: it would make the
// transport repeat a start by itself. GetBody stays nil for the same reason.
func (c *Client) request(ctx context.Context, call *call, basic string, body io.ReadCloser) (*http.Request, *Error) {
	header := http.Header{"User-Agent": {c.options.UserAgent}}
	query, fail := call.query(c.options.CustomerID, c.options.Parameters)
	if fail != nil {
		return nil, fail
	}
	for _, p := range call.params {
		if inHeader(c.options.Parameters, p.value) {
			header[p.name] = []string{p.value}
		}
	}
	for _, id := range call.ids {
		header[id.name] = []string{id.value}
	}
	if basic != "" {
		header["Authorization"] = []string{"Basic " + basic}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/"+call.stream.file()+"?"+query, nil)
	if err != nil {
		return nil, call.local(ClassConfig, errors.New("the address cannot be used"), hintURL)
	}
	req.Header = header
	if call.upload {
		header["Content-Type"] = []string{"application/octet-stream"}
		if call.body.Size > 0 {
			req.Body, req.ContentLength = body, call.body.Size
		}
	}
	return req, nil
}
