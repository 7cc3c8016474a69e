package command

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/afero"
	"github.com/spf13/cobra"

	"dropform/engine"
	"dropform/engine/diag"
	"dropform/engine/ledger"
)

// maxProtocol is how much of a protocol show prints, in bytes.
const maxProtocol = 1 << 20

func (s *session) showCommand() *cobra.Command {
	var vars []VarFlag
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show [options] [ADDRESS or FILE]", Short: "Show one thing in full, a saved plan, or all applied definitions", Args: exactly(0, 1, "at most one address or saved plan"),
		Long:    "For a file or a run of an export: what was sent, when, with what outcome, and the server's protocol. For a block: its definition as it was applied and its last events. Without an address: all applied definitions.",
		Example: "dropform show\ndropform show import.staff\ndropform show 'import.staff[march.csv]'",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				if saved, ok, err := s.readPlan(args[0]); ok || err != nil {
					return errors.Join(err, s.showPlanFile(vars, saved, asJSON))
				}
				if !addressLike.MatchString(args[0]) {
					return nothingToShow(args[0])
				}
			}
			return s.show(vars, args, asJSON)
		},
	}
	addVarFlags(cmd.Flags(), &vars)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// addressLike is how every address begins; what does not was meant as the name of a file.
var addressLike = regexp.MustCompile(`^(import|export|rule|connection)\.`)

func nothingToShow(name string) error {
	d := diag.Diagnostic{Code: "invalid_address", Summary: "Nothing to show", Detail: name + " is neither an address nor a file that dropform plan -out has written. Addresses look like import.staff, import.staff[march.csv] or connection.perbit.hr."}
	if name == "" {
		d.Detail = "The name is empty. Without an argument dropform show shows all applied definitions."
	}
	return d
}

// shown is everything that show knows about what it was asked for; also its JSON.
type shown struct {
	FormatVersion string           `json:"format_version"`
	Address       string           `json:"address,omitempty"`
	Definitions   []definitionJSON `json:"definitions,omitempty"`
	File          *fileJSON        `json:"file,omitempty"`
	Work          []workJSON       `json:"work,omitempty"`
	Events        []eventJSON      `json:"events,omitempty"`
	Protocol      string           `json:"protocol,omitempty"`

	events []ledger.Event
}

type definitionJSON struct {
	Address    string             `json:"address"`
	AppliedAt  time.Time          `json:"applied_at"`
	Attributes []engine.Attribute `json:"attributes"`
}

type fileJSON struct {
	Name    string    `json:"name"`
	Size    int64     `json:"size"`
	SHA256  string    `json:"sha256,omitempty"`
	State   string    `json:"state"`
	Message string    `json:"message,omitempty"`
	At      time.Time `json:"at"`
}

type workJSON struct {
	State    string    `json:"state"`
	Object   string    `json:"object"`
	Method   string    `json:"method"`
	SHA256   string    `json:"sha256,omitempty"`        // of what was sent
	Source   string    `json:"source_sha256,omitempty"` // of the file, where that is something else
	Size     int64     `json:"size,omitempty"`
	RemoteID string    `json:"remote_id,omitempty"`
	Class    string    `json:"class,omitempty"`
	Message  string    `json:"message,omitempty"`
	Path     string    `json:"path,omitempty"`
	Rows     int64     `json:"rows,omitempty"`
	SentAt   time.Time `json:"sent_at,omitzero"`
	EndedAt  time.Time `json:"ended_at,omitzero"`

	Call *callJSON `json:"call,omitempty"`
}

// callJSON is what a call of a rule sent, without the envelope, and what came back.
type callJSON struct {
	File   string          `json:"file,omitempty"`
	Line   int64           `json:"line,omitempty"`
	Sent   json.RawMessage `json:"sent,omitempty"`
	Answer json.RawMessage `json:"answer,omitempty"`
}

func (s *session) show(vars []VarFlag, args []string, asJSON bool) error {
	cfg, reader, err := s.ledgerOnly(vars)
	if err != nil {
		return err
	}
	defer reader.Close()
	var what shown
	err = reader.View(s.ctx, func(v *ledger.View) error {
		what = shown{FormatVersion: "1.0"}
		if len(args) == 0 {
			return what.everything(v)
		}
		return what.one(v, cfg, args[0])
	})
	if err != nil {
		return err
	}
	what.Protocol = s.protocol(what.Work, importOf(cfg, what.Address))
	if asJSON {
		return s.printJSON(what)
	}
	s.showText(what, cfg.Location)
	return nil
}

func (w *shown) everything(v *ledger.View) error {
	all, err := v.Definitions()
	if err != nil {
		return err
	}
	for _, d := range all {
		w.define(d)
	}
	slices.SortFunc(w.Definitions, func(a, b definitionJSON) int { return strings.Compare(a.Address, b.Address) })
	return nil
}

func (w *shown) define(d ledger.Definition) {
	j := definitionJSON{Address: d.Address, AppliedAt: d.AppliedAt}
	if json.Unmarshal([]byte(d.Attributes), &j.Attributes) != nil {
		j.Attributes = nil // a ledger of another format; the address still counts
	}
	for i, a := range j.Attributes {
		if a.Sensitive {
			j.Attributes[i].Value = masked(a.Value)
		}
		j.Attributes[i].Fingerprint = ""
	}
	w.Definitions = append(w.Definitions, j)
}

func (w *shown) one(v *ledger.View, cfg *engine.Config, text string) error {
	defs, err := v.Definitions()
	if err != nil {
		return err
	}
	a, err := cfg.ParseAddress(text)
	if err != nil {
		return err
	}
	w.Address = a.String()
	for address, d := range defs {
		if engine.MatchAddress(text, blockAddress(address)) {
			w.define(d)
		}
	}
	slices.SortFunc(w.Definitions, func(a, b definitionJSON) int { return strings.Compare(a.Address, b.Address) })
	block := a.Block().String()
	if a.HasItem {
		w.Definitions = nil
		if w.Work, w.File, err = workOf(v, block, a.Item); err != nil {
			return err
		}
	}
	last := 0
	if !a.HasItem {
		last = 20
	}
	if w.events, err = v.Events(block, a.Item, last); err != nil {
		return err
	}
	for _, e := range w.events {
		w.Events = append(w.Events, eventJSONOf(e))
	}
	if len(w.Definitions) == 0 && len(w.Work) == 0 && w.File == nil && len(w.Events) == 0 {
		return diag.Diagnostic{Code: "unknown_address", Summary: "Nothing is known of " + w.Address, Detail: "The ledger has no definition, no work and no event under this address; dropform history shows what it has."}
	}
	return nil
}

// blockAddress reads an address that the ledger wrote.
func blockAddress(text string) engine.Address {
	a, err := engine.ParseAddress(text, func(engine.Address) bool { return true })
	if err != nil {
		return engine.Address{}
	}
	return a
}

func workOf(v *ledger.View, block, item string) ([]workJSON, *fileJSON, error) {
	all, err := v.WorkOf(block, item)
	if err != nil {
		return nil, nil, err
	}
	var out []workJSON
	for _, w := range all {
		out = append(out, workJSON{
			string(w.State), w.Object, w.Method, w.Digest, sourceDigest(w), w.Size, w.RemoteID, w.Class, w.Message, w.Path, w.ResultRows,
			w.SentAt, w.EndedAt, nil,
		})
		c, found, err := v.Call(w.ID)
		if err != nil {
			return nil, nil, err
		}
		if found {
			out[len(out)-1].Call = &callJSON{c.File, c.Line, json.RawMessage(c.Sent), json.RawMessage(c.Answer)}
		}
	}
	f, found, err := v.File(block, item)
	if err != nil || !found {
		return out, nil, err
	}
	return out, &fileJSON{f.Name, f.Stamp.Size, f.Digest, string(f.State), f.Message, f.At}, nil
}

// sourceDigest is the digest of a file that was sent in another encoding than its own; empty for others.
func sourceDigest(w ledger.Work) string {
	if w.SourceDigest == w.Digest {
		return ""
	}
	return w.SourceDigest
}

// protocol reads the text that the last protocol of the import holds, from where it lies now.
func (s *session) protocol(work []workJSON, imp engine.Import) string {
	if len(work) == 0 {
		return ""
	}
	last := work[len(work)-1]
	if last.Path == "" || last.SHA256 == "" {
		return ""
	}
	path := last.Path
	f, err := s.FS.Open(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return "(" + path + " is no longer there)"
		}
		return "(" + err.Error() + ")"
	}
	defer f.Close()
	h := sha256.New()
	raw, err := afero.ReadAll(limited(io.TeeReader(f, h), maxProtocol))
	if err == nil {
		_, err = io.Copy(h, f)
	}
	if err != nil {
		return "(" + err.Error() + ")"
	}
	// What an earlier version took for the protocol, or somebody put there, may be the file itself, with its sensitive cells.
	if digest := hex.EncodeToString(h.Sum(nil)); digest == last.SHA256 || digest == last.Source {
		return "(" + path + " is the file that was sent, not its protocol)"
	}
	return imp.ProtocolText(raw)
}

// importOf is the import that an address belongs to, as it is configured now.
func importOf(cfg *engine.Config, address string) engine.Import {
	if a, err := cfg.ParseAddress(address); err == nil {
		if imp := cfg.ImportAt(a.Block()); imp != nil {
			return *imp
		}
	}
	return engine.Import{}
}

func (s *session) showText(w shown, in *time.Location) {
	out := s.outScreen()
	if w.Address == "" && len(w.Definitions) == 0 {
		out.printf("No definition has been applied yet.\n")
	}
	for i, d := range w.Definitions {
		if i > 0 {
			out.printf("\n")
		}
		out.printf("# %s, applied %s\n%s {\n", out.bold(d.Address), stamp(d.AppliedAt.In(in)), header(blockAddress(d.Address)))
		width := 0
		for _, a := range d.Attributes {
			width = max(width, len([]rune(a.Path)))
		}
		for _, a := range d.Attributes {
			out.printf("    %-*s = %s\n", width, a.Path, a.Value)
		}
		out.printf("}\n")
	}
	if w.File != nil {
		out.printf("%s: %s, %s, %s%s\n", w.Address, out.say(words(w.File.State)), out.bytes(w.File.Size), stamp(w.File.At.In(in)), prefixed(": ", out.say(w.File.Message)))
	}
	for _, j := range w.Work {
		s.showWork(out, j, in)
	}
	if len(w.events) > 0 {
		out.printf("\n%s\n", out.bold(out.say("History")))
	}
	for _, e := range w.events {
		out.printf("  %s\n", eventLine(out.tongue, e, in))
	}
	if w.Protocol != "" {
		out.printf("\n%s\n%s\n", out.bold(out.say("Protocol")), indent(strings.TrimRight(w.Protocol, "\n"), "  "))
	}
}

func (s *session) showWork(out *screen, j workJSON, in *time.Location) {
	out.printf("\n%s %q: %s%s\n", j.Object, j.Method, out.bold(out.say(words(j.State))), prefixed(", ", out.say(j.Message)))
	line := func(name, value string) {
		if value != "" {
			out.printf("  %-9s %s\n", out.say(name), value)
		}
	}
	if !j.SentAt.IsZero() {
		line("sent", stamp(j.SentAt.In(in)))
	}
	if !j.EndedAt.IsZero() {
		line("ended", stamp(j.EndedAt.In(in)))
	}
	line("sha256", j.SHA256)
	line("of file", j.Source)
	line("server id", j.RemoteID)
	if c := j.Call; c != nil {
		if c.File != "" {
			line("from", out.sayf("%s line %d", c.File, c.Line))
		}
		line("call", string(c.Sent))
		line("answer", string(c.Answer))
	}
	if j.Rows > 0 {
		line("rows", out.number(j.Rows))
	}
	if j.Path != "" {
		line("file", relative(s.Dir, j.Path))
	}
}
