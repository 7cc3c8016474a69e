package ledger

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Endpoint is the normalised address of a system: what two spellings of one server have in common, and the customer id
// (empty but for perbit). The spellings of scheme, host, port and path that lead a request to the same place are one; http
// and https are two. In doubt two paths are one: taking two systems for one holds an order back until a person has looked,
// taking one for two places it twice.
func Endpoint(address, customer string) string {
	id := strings.ToLower(strings.Trim(customer, "{}"))
	u, err := url.Parse(address)
	if err != nil {
		return strings.ToLower(address) + "|" + id
	}
	return normalEndpoint(strings.ToLower(u.Scheme) + "://" + net.JoinHostPort(u.Hostname(), u.Port()) + strings.ToLower(u.Path) + "|" + id)
}

// SameEndpoint reports whether what the ledger holds, perhaps in the normal form of an earlier version, is this endpoint.
func SameEndpoint(stored, endpoint string) bool {
	return stored == endpoint || normalEndpoint(stored) == endpoint
}

// normalEndpoint brings scheme://host:port/path|customer into the normal form; the path is decoded already. What is in
// normal form stays as it is, and so does what is no endpoint.
func normalEndpoint(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	at := strings.LastIndexByte(rest, '|')
	if !ok || at < 0 {
		return s
	}
	rest, id := rest[:at], rest[at:]
	authority, way := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, way = rest[:i], rest[i:]
	}
	host, port, err := net.SplitHostPort(authority)
	if err != nil {
		return s
	}
	if port = strings.TrimLeft(port, "0"); port == "" {
		port = map[string]string{"https": "443", "http": "80"}[scheme]
	}
	if way = path.Clean(norm.NFC.String(way)); way == "/" || way == "." {
		way = ""
	}
	return scheme + "://" + net.JoinHostPort(normalHost(host), port) + way + id
}

// dots are the full stops that separate the labels of a name in other scripts.
var dots = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".")

// normalHost is a host's one spelling: ASCII, without the root's dot, an address as Go writes it. Every address of this
// machine is localhost.
func normalHost(host string) string {
	host = strings.TrimSuffix(strings.ToLower(norm.NFKC.String(dots.Replace(host))), ".")
	host = asciiHost(host)
	bare, zone, _ := strings.Cut(host, "%")
	ip := net.ParseIP(bare)
	if ip == nil {
		ip = looseIPv4(host)
	}
	switch {
	case host == "localhost", ip != nil && (ip.IsLoopback() || ip.IsUnspecified()):
		return "localhost"
	case ip != nil && zone != "":
		return ip.String() + "%" + zone
	case ip != nil:
		return ip.String()
	}
	return host
}

// asciiHost is a name as it goes over the wire, müller.example as xn--mller-kva.example. The standard library has that
// conversion only inside a request, so one is written.
func asciiHost(host string) string {
	if !strings.ContainsFunc(host, func(r rune) bool { return r > 127 }) {
		return host
	}
	var wire bytes.Buffer
	if (&http.Request{URL: &url.URL{Scheme: "http", Host: host}}).Write(&wire) != nil {
		return host
	}
	r, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return host
	}
	return r.Host
}

// looseIPv4 reads the old spellings of an IPv4 address that resolvers still take: one to four numbers, the last of which
// fills what is left, each decimal, octal after 0 or hexadecimal after 0x. It is nil where the host is a name.
func looseIPv4(host string) net.IP {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return nil
	}
	var all uint64
	for i, p := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		if strings.ContainsAny(p, "_ob") && !strings.HasPrefix(p, "0x") { // only Go writes numbers so
			return nil
		}
		n, err := strconv.ParseUint(p, 0, bits)
		if err != nil {
			return nil
		}
		all = all<<bits | n
	}
	return net.IPv4(byte(all>>24), byte(all>>16), byte(all>>8), byte(all))
}
