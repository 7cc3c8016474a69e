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
}

func (s *session) sandboxCommand() *cobra.Command {
	var o sandboxOptions
	cmd := &cobra.Command{
		Use: "sandbox [options]", Short: "Run the embedded test server, with faults to switch on", Args: exactly(0, 0, "no arguments"),
		Long: "A server on loopback that speaks the vendor's protocol: real imports into a table in memory, real exports out of it. It prints what to put into a configuration and runs until it is interrupted.\n\n" +
			"Faults are switched on with -fault, or while it runs with POST /sandbox/faults; GET /sandbox/state shows what arrived.",
		Example: "dropform sandbox\ndropform sandbox -job-time=3s -latency=50ms\ndropform sandbox -fault=lost_session -fault='{\"kind\":\"cut_after_accept\",\"action\":\"Import\",\"times\":1}'",
		RunE:    func(*cobra.Command, []string) error { return s.runSandbox(o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8088", "listen on `ADDRESS`, loopback only; port 0 takes a free one")
	flags.DurationVar(&o.latency, "latency", 0, "let `DURATION` pass before each answer")
	flags.DurationVar(&o.jobTime, "job-time", 500*time.Millisecond, "let each import and export run for `DURATION`")
	flags.DurationVar(&o.sessionTTL, "session-ttl", 20*time.Minute, "end a session that is not used for `DURATION`")
	flags.StringVar(&o.maxUpload, "max-upload", "", "refuse imports larger than `SIZE`, for example 30MB")
	flags.StringArrayVar(&o.faults, "fault", nil, "switch on `FAULT`: a kind such as lost_session, or a JSON object; repeatable")
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
	url, err := server.Listen(s.ctx, o.addr)
	if err != nil {
		return err
	}
	s.outScreen().printf(sandboxText, url, sandbox.DemoCustomerID, sandbox.DemoUser, sandbox.DemoPassword,
		sandbox.DemoPassword, url, sandbox.DemoCustomerID, sandbox.DemoUser, strings.TrimSuffix(url, "/webApi"))
	<-s.soft.Done()
	return nil
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

What arrived: GET %s/sandbox/state
`
