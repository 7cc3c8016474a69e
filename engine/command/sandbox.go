package command

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"dropform/engine/diag"
	"dropform/engine/sandbox"
)

// sandboxOptions are the flags of sandbox.
type sandboxOptions struct {
	addr       string
	latency    time.Duration
	jobTime    time.Duration
	sessionTTL time.Duration
	maxUpload  string
	faults     []string
	conbox     string
}

func (s *session) sandboxCommand() *cobra.Command {
	var o sandboxOptions
	cmd := &cobra.Command{
		Use: "sandbox [options]", Short: "Run the embedded test server, with faults to switch on", Args: exactly(0, 0, "no arguments"),
		Long: "A server on loopback that speaks both vendors' protocols: real imports into a table in memory and real exports out of it, and CONBOX's actions on documents in memory. It prints what to put into a configuration and runs until it is interrupted.\n\n" +
			"Faults are switched on with -fault, or while it runs with POST /sandbox/faults; GET /sandbox/state shows what arrived, each purchase among it. How CONBOX authenticates and what it demands is set with -conbox, or while it runs with PUT /sandbox/conbox/settings; its documents are at /sandbox/conbox/documents.",
		Example: "dropform sandbox\ndropform sandbox -job-time=3s -latency=50ms\ndropform sandbox -fault=lost_session -fault='{\"kind\":\"cut_after_accept\",\"action\":\"Import\",\"times\":1}'\ndropform sandbox -conbox='{\"auth\":\"basic\",\"api_key_required\":true}'",
		RunE:    func(*cobra.Command, []string) error { return s.runSandbox(o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8088", "listen on `ADDRESS`, loopback only; port 0 takes a free one")
	flags.DurationVar(&o.latency, "latency", 0, "let `DURATION` pass before each answer")
	flags.DurationVar(&o.jobTime, "job-time", 500*time.Millisecond, "let each import and export run for `DURATION`")
	flags.DurationVar(&o.sessionTTL, "session-ttl", 20*time.Minute, "end a session that is not used for `DURATION`")
	flags.StringVar(&o.maxUpload, "max-upload", "", "refuse imports larger than `SIZE`, for example 30MB")
	flags.StringArrayVar(&o.faults, "fault", nil, "switch on `FAULT`: a kind such as lost_session, or a JSON object; repeatable")
	flags.StringVar(&o.conbox, "conbox", "", "change how CONBOX behaves by `JSON`: auth, algorithm, qop, nonce_uses, username, password, user_code, user_api_key, api_key_required, position_data")
	return cmd
}

func (s *session) runSandbox(o sandboxOptions) error {
	options := sandbox.Demo()
	options.Latency, options.JobTime, options.SessionTTL = o.latency, o.jobTime, o.sessionTTL
	if o.maxUpload != "" {
		size, err := humanize.ParseBytes(o.maxUpload)
		if err != nil {
			return diag.Diagnostic{Code: "invalid_size", Summary: "Invalid size", Detail: fmt.Sprintf("-max-upload=%s is not a size such as 30MB.", o.maxUpload)}
		}
		options.MaxUpload = int64(size)
	}
	server := sandbox.New(options)
	defer server.Close()
	for _, text := range o.faults {
		if err := inject(server, text); err != nil {
			return err
		}
	}
	if o.conbox != "" {
		if err := server.MergeConbox([]byte(o.conbox)); err != nil {
			return diag.Diagnostic{Code: "invalid_conbox", Summary: "Invalid CONBOX settings", Detail: fmt.Sprintf("-conbox=%s: %s.", o.conbox, err)}
		}
	}
	url, err := server.Listen(s.ctx, o.addr)
	if err != nil {
		return err
	}
	root := strings.TrimSuffix(url, "/webApi")
	s.outScreen().printf(sandboxText, url, sandbox.DemoCustomerID, sandbox.DemoUser, sandbox.DemoPassword,
		sandbox.DemoPassword, url, sandbox.DemoCustomerID, sandbox.DemoUser, methodsText(options.Tenants[0].Methods), conboxText(root, server.ConboxSettings()), root)
	<-s.soft.Done()
	return nil
}

// methodsText lists methods with the columns that they read, and with the placeholders that they know.
func methodsText(methods []sandbox.Method) string {
	var text strings.Builder
	for _, m := range methods {
		takes := m.Columns
		if m.Kind == sandbox.Export {
			takes = nil
			for _, c := range m.Criteria {
				takes = append(takes, c.Placeholder)
			}
		}
		fmt.Fprintf(&text, "  %s  object = %q, method = %q\n", strings.ToLower(string(m.Kind)), m.Object, m.Name)
		if len(takes) > 0 {
			fmt.Fprintf(&text, "          %s\n", strings.Join(takes, ";"))
		}
	}
	return text.String()
}

// conboxText is what to put into a configuration for the CONBOX service as it is set.
func conboxText(root string, c sandbox.ConboxSettings) string {
	var text strings.Builder
	fmt.Fprintf(&text, "For CONBOX (set CONBOX_PASSWORD=%s and CONBOX_KEY=%s):\n\n", c.Password, c.UserAPIKey)
	fmt.Fprintf(&text, "connection \"conbox\" \"shop\" {\n  url          = %q\n", root+sandbox.ConboxPath)
	if c.Auth == sandbox.AuthNone {
		text.WriteString("  auth         = \"none\"\n")
	} else {
		fmt.Fprintf(&text, "  username     = %q\n  password     = secret(\"env:CONBOX_PASSWORD\")\n", c.Username)
	}
	fmt.Fprintf(&text, "  user_code    = %q\n  user_api_key = secret(\"env:CONBOX_KEY\")\n}", c.UserCode)
	return text.String()
}

// inject arms a fault given as JSON or by its kind.
func inject(server *sandbox.Server, text string) error {
	fault := sandbox.Fault{Kind: text}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		fault = sandbox.Fault{}
		if err := json.Unmarshal([]byte(text), &fault); err != nil {
			return diag.Diagnostic{Code: "invalid_fault", Summary: "Invalid fault", Detail: fmt.Sprintf("-fault=%s: %s.", text, err)}
		}
	}
	if err := server.Inject(fault); err != nil {
		return diag.Diagnostic{Code: "invalid_fault", Summary: "Invalid fault", Detail: fmt.Sprintf("-fault=%s: %s.", text, err)}
	}
	return nil
}

const sandboxText = `The sandbox is running. Interrupt to stop.

  URL          %s
  customer id  %s
  user         %s
  password     %s

For a configuration (set PERBIT_PASSWORD=%s):

connection "perbit" "hr" {
  url         = %q
  customer_id = %q
  username    = %q
  password    = secret("env:PERBIT_PASSWORD")
}

Its methods, for object and method of an import or an export:

%s
%s

What arrived: GET %s/sandbox/state
`
