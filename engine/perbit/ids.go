package perbit

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// Stream is one of perbit's two services. Each has its own login (perbit 2.2.1, 3.2.1).
type Stream int

// The two streams.
const (
	ImportStream Stream = iota
	ExportStream
)

// String is "import" or "export".
func (s Stream) String() string {
	if s == ExportStream {
		return "export"
	}
	return "import"
}

// file is the last segment of the stream's URL.
func (s Stream) file() string {
	if s == ExportStream {
		return "ExportStream.ashx"
	}
	return "ImportStream.ashx"
}

// actionKey is the query parameter that names the action.
func (s Stream) actionKey() string {
	if s == ExportStream {
		return "ExportAction"
	}
	return "ImportAction"
}

// SecurityID is the id of a session, a GUID. Whoever holds it can act as the user, so no way of printing shows it; only
// a conversion to string does.
type SecurityID string

const maskedID = "[session id]"

// String never shows the id.
func (SecurityID) String() string { return maskedID }

// GoString never shows the id.
func (SecurityID) GoString() string { return maskedID }

// Format never shows the id, whatever the verb.
func (SecurityID) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, maskedID) }

// LogValue never shows the id.
func (SecurityID) LogValue() slog.Value { return slog.StringValue(maskedID) }

// MarshalText never shows the id.
func (SecurityID) MarshalText() ([]byte, error) { return []byte(maskedID), nil }

// ImportID is the id of an import under way, a GUID as the server wrote it.
type ImportID string

// ExportID is the id of an export under way, a GUID as the server wrote it. perbit keeps the result for one day
// (perbit 3.1).
type ExportID string

// nilGUID stands in the vendor's sample script where the customer id belongs.
const nilGUID = "00000000-0000-0000-0000-000000000000"

var (
	customerGUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	// .NET writes a GUID with or without dashes, and with braces or parentheses around the dashed form.
	serverGUID = regexp.MustCompile(`^(?:[0-9A-Fa-f]{32}|[{(]?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}[)}]?)$`)
)

// usableGUID tells whether a server would take s for the id of something.
func usableGUID(s string) bool {
	return serverGUID.MatchString(s) && strings.Trim(s, "{}()-0") != ""
}
