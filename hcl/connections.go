package hcl

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"dropform/engine"
)

// buildConnection fills in the defaults of LANGUAGE.md, connection.
func buildConnection(in *instance, n *node, declared engine.Declared) *engine.Connection {
	retry, tls := n.child("retry"), n.child("tls")
	c := &engine.Connection{
		Declared: declared, URL: get(n, "url", ""),
		Username: get(n, "username", ""), Password: get(n, "password", engine.Secret{}),
		Timeout:       get(n, "timeout", 60*time.Second),
		RetryAttempts: int(get(retry, "attempts", int64(5))),
		RetryFirst:    get(retry, "first", time.Second),
		RetryLongest:  get(retry, "longest", 5*time.Minute),
		CAFile:        get(tls, "ca_file", ""), ClientCert: get(tls, "client_cert", ""), ClientKey: get(tls, "client_key", ""),
		Proxy: get(n, "proxy", ""),
	}
	in.checkTimes(retry, c.RetryFirst, c.RetryLongest)
	in.checkPair(tls, "client_cert", "client_key")
	if declared.Address.Kind == engine.KindConnectionConbox {
		in.conbox(n, c)
	} else {
		in.perbit(n, c)
	}
	return c
}

// perbit reads what only a perbit connection has. Its address is a base that the client appends to.
func (in *instance) perbit(n *node, c *engine.Connection) {
	progress := n.child("progress")
	c.URL = strings.TrimRight(get(n, "url", "https://de.perbit.cloud/webApi"), "/")
	c.CustomerID, c.Auth = get(n, "customer_id", ""), get(n, "auth", "login")
	c.CredentialCharset, c.Parameters = get(n, "credential_charset", "utf-8"), get(n, "parameters", "auto")
	c.Parallel, c.MaxWait = int(get(n, "parallel", int64(1))), get(n, "max_wait", 2*time.Hour)
	c.MaxUpload = get(n, "max_upload", int64(0))
	c.ProgressFirst, c.ProgressLongest = get(progress, "first", 100*time.Millisecond), get(progress, "longest", 2*time.Second)
	in.checkTimes(progress, c.ProgressFirst, c.ProgressLongest)
}

// conbox reads what only a CONBOX connection has. Its address is the operator's own and stays as it is written.
func (in *instance) conbox(n *node, c *engine.Connection) {
	c.Auth, c.UserCode, c.UserAPIKey = get(n, "auth", "auto"), get(n, "user_code", ""), get(n, "user_api_key", engine.Secret{})
	c.Language, c.Service = get(n, "language", "DE"), get(n, "service", "CONBOX")
	rate, ok := callsASecond(get(n, "rate", "5/s"))
	if c.Rate = rate; !ok {
		in.wrong(n.exprs["rate"], "invalid_value", "rate is not a number of calls in a time",
			fmt.Sprintf("%q is not written like \"5/s\" or \"100/m\".", get(n, "rate", "")))
	}
	if c.Auth == "basic" || c.Auth == "digest" {
		for _, name := range []string{"username", "password"} {
			if !n.has(name) {
				in.missing(n, name, fmt.Sprintf("auth = %q needs username and password.", c.Auth))
			}
		}
	}
}

var rateForm = regexp.MustCompile(`^([1-9]\d{0,8})/([smh])$`)

// callsASecond reads a rate such as "5/s" or "100/m".
func callsASecond(rate string) (float64, bool) {
	m := rateForm.FindStringSubmatch(rate)
	if m == nil {
		return 0, false
	}
	calls, err := strconv.ParseFloat(m[1], 64)
	return calls / map[string]float64{"s": 1, "m": 60, "h": 3600}[m[2]], err == nil
}
