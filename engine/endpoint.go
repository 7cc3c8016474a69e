package engine

import (
	"net"
	"net/url"
	"strings"
)

// Endpoint is the normalised address of the system behind the connection: what two spellings of one server have in
// common (scheme, host, port and path without case, default port or trailing slash) and the customer id.
func (c *Connection) Endpoint() string {
	u, err := url.Parse(c.URL)
	if err != nil {
		return strings.ToLower(c.URL) + "|" + strings.ToLower(c.CustomerID)
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	scheme := strings.ToLower(u.Scheme)
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		port = map[string]string{"https": "443", "http": "80"}[scheme]
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		host = "localhost"
	}
	path := strings.ToLower(strings.TrimRight(u.Path, "/"))
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	id := strings.ToLower(strings.Trim(c.CustomerID, "{}"))
	return scheme + "://" + net.JoinHostPort(strings.TrimSuffix(host, "."), port) + path + "|" + id
}
