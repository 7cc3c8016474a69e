package perbit

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"regexp"
	"strings"
)

// ids are what login and start calls answer (perbit 2.2.1 to 2.2.3, 3.2.1, 3.2.2, 3.2.4).
type ids struct {
	SecurityID string `json:"SecurityId"`
	ImportID   string `json:"ImportId"`
	ExportID   string `json:"ExportId"`
}

// want names the id without which the answer is worth nothing.
type want struct {
	name string
	of   func(ids) string
}

var (
	wantSecurity = want{"SecurityId", func(i ids) string { return i.SecurityID }}
	wantImport   = want{"ImportId", func(i ids) string { return i.ImportID }}
	wantExport   = want{"ExportId", func(i ids) string { return i.ExportID }}
)

// ids sends the call and reads ids from its answer. An answer that breaks off behind the wanted id will do.
func (c *Client) ids(ctx context.Context, call *call, want want) (ids, error) {
	var got ids
	err := c.run(ctx, call, func(x *exchange) *Error {
		defer x.end()
		raw, broken := x.all()
		got = readIDs(raw)
		switch {
		case want.of(got) != "":
			return nil
		case broken != nil:
			return broken
		}
		return call.unreadable(x.res.StatusCode, raw, want.name)
	})
	return got, err
}

var idMember = map[string]*regexp.Regexp{}

func init() {
	for _, name := range []string{"SecurityId", "ImportId", "ExportId"} {
		idMember[name] = regexp.MustCompile(`(?i)["']` + name + `["']\s*:\s*["']([^"']*)["']`)
	}
}

// readIDs reads what can be read: strictly, else member by member. Anything but a GUID counts as absent.
func readIDs(raw []byte) ids {
	var got ids
	if json.Unmarshal(trimBOM(raw), &got) != nil {
		member := func(name string) string {
			if m := idMember[name].FindSubmatch(raw); m != nil {
				return string(m[1])
			}
			return ""
		}
		got = ids{member("SecurityId"), member("ImportId"), member("ExportId")}
	}
	for _, id := range []*string{&got.SecurityID, &got.ImportID, &got.ExportID} {
		if *id = strings.TrimSpace(*id); !usableGUID(*id) {
			*id = ""
		}
	}
	return got
}

func trimBOM(raw []byte) []byte { return bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) }

// empty sends a call whose answer holds nothing (perbit 3.2.7, 3.2.9; for imports the document is silent and any 2xx
// will do).
func (c *Client) empty(ctx context.Context, call *call) error {
	return c.run(ctx, call, func(x *exchange) *Error {
		defer x.end()
		raw, broken := x.all()
		if broken != nil {
			return broken
		}
		return call.misplaced(x.res.StatusCode, raw)
	})
}

// stream sends a call whose answer is handed on as it is. The caller closes it.
func (c *Client) stream(ctx context.Context, call *call) (io.ReadCloser, error) {
	var body io.ReadCloser
	err := c.run(ctx, call, func(x *exchange) (e *Error) {
		body, e = x.open()
		return e
	})
	if err != nil {
		return nil, err
	}
	return body, nil
}

// progress sends a GetProgress (perbit 2.2.5, 3.2.6).
func (c *Client) progress(ctx context.Context, call *call) (Progress, error) {
	var p Progress
	err := c.run(ctx, call, func(x *exchange) *Error {
		defer x.end()
		raw, broken := x.all()
		if broken != nil {
			return broken
		}
		var ok bool
		if p, ok = readProgress(raw); !ok {
			return call.unreadable(x.res.StatusCode, raw, "progress")
		}
		p.Message, p.Value = call.scrub(p.Message), call.scrub(p.Value)
		return nil
	})
	return p, err
}
