package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/afero"
	"github.com/spf13/cobra"

	"dropform/engine"
	"dropform/engine/diag"
)

// VarFlag is one -var (name=value) or -var-file (a path) in command-line order.
type VarFlag struct {
	File bool
	Text string
}

// LoadRequest asks for the configuration of a directory.
type LoadRequest struct {
	Dir      string // absolute
	Vars     []VarFlag
	Validate bool // a variable without a value counts as unknown, not as a mistake
}

// App is the process as the commands see it. Every field is set by main (or by a test) and only read afterwards.
type App struct {
	FS             afero.Fs
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environ        []string
	Dir            string // the working directory, absolute
	Program        string // how the process was called, for commands that people copy
	Version        string

	// Load reads the configuration; nil when there are errors.
	Load func(LoadRequest) (*engine.Config, diag.List)
	// Format gives a file's canonical text.
	Format func(name string, src []byte) ([]byte, diag.List)
	// LedgerPath is where the ledger lies, as far as a configuration that cannot be loaded says it.
	LedgerPath func(LoadRequest) string
	// Language is the language for people, "en" or "de", as far as a configuration that cannot be loaded says it, else the
	// system's.
	Language func(LoadRequest) string
	// Outline is the configuration for completions, also one that cannot be loaded: every address, and whole only the blocks
	// that are wanted, by their base address.
	Outline func(r LoadRequest, wanted func(engine.Address) bool) *engine.Config
	// Sources names a directory's configuration and variables files, as base names.
	Sources func(dir string) (config, vars []string, err error)
	// NewWatcher makes the eyes of `watch`: for the folders, and for the configuration in a directory and the further files
	// that it reads. It notices edits from this call on.
	NewWatcher func(configDir string, files []string) (engine.Watcher, error)
	// Evaluator reads the configuration for `console`; nil when there are errors.
	Evaluator func(LoadRequest) (Evaluator, diag.List)
	// Reference gives the language's reference as Markdown.
	Reference func() string
	// Messages holds every code of the configuration's complaints, with a sentence that says what it means.
	Messages map[string]string
	// Writers asks the system whether somebody still writes to a file.
	Writers engine.WriterTest
}

// exit is an error that has been told on the screen; only its code is left to say.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// failure carries the exit code of an error that is not the usual 1.
type failure struct {
	code int
	error
}

func (f failure) Unwrap() error { return f.error }

// diagnosed is a configuration that cannot be used, with every reason.
type diagnosed struct{ list diag.List }

func (d diagnosed) Error() string { return "the configuration has errors" }

// Main runs one command and returns the exit code of the process (COMMANDS.md, Exit codes). It handles interrupts.
func (a *App) Main(args []string) int {
	sending, spoken := &atomic.Bool{}, &atomic.Value{}
	ctx, soft, stop := interrupts(a.Stderr, sending, spoken)
	defer stop()
	out := &sink{w: a.Stdout}
	app := *a
	app.Stdout = out
	s := &session{App: &app, ctx: ctx, soft: soft, sending: sending, spoken: spoken, keyboard: bufio.NewReader(a.Stdin), input: true}
	s.conboxes = engine.NewConboxes(s.userAgent())
	defer s.conboxes.Close()
	code := s.explain(s.run(args))
	if err := out.failure(); err != nil {
		s.ui, s.wantsLines = nil, false // its lines would go where nothing can be written
		return s.explain(fmt.Errorf("write standard output: %w", err))
	}
	return code
}

// run carries out the command line, with what the environment adds to it.
func (s *session) run(args []string) error {
	root := s.root()
	if isCompletion(args) {
		return s.complete(root, args)
	}
	args, err := s.withDefaults(root, doubleDashes(bareAddresses(args)))
	if err != nil {
		return err
	}
	s.wantsLines = asksForLines(root, args)
	root.SetArgs(args)
	return root.ExecuteContext(s.ctx)
}

// explain prints what an error has to say and returns its exit code.
func (s *session) explain(err error) int {
	var code exit
	var f failure
	var d diagnosed
	if errors.As(err, &f) {
		err = f.error
	}
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	if s.wantsLines && s.ui == nil { // the command was not even begun
		s.speakLines()
	}
	switch {
	case errors.As(err, &d):
		s.diagnostics(d.list)
	default:
		s.diagnostics(diag.List{s.fromEnvironment(diagnosticOf(err))})
	}
	return max(f.code, 1)
}

// diagnosticOf puts an error into the form in which everything is complained about: the part before the first colon
// stays with it, because it says what was being done.
func diagnosticOf(err error) diag.Diagnostic {
	var given diag.Diagnostic
	if errors.As(err, &given) {
		return given
	}
	var address *engine.AddressError
	if errors.As(err, &address) {
		return diag.Diagnostic{Code: "unknown_address", Summary: "Address matches nothing", Detail: addressDetail(err, address)}
	}
	var refused *engine.RefusedError
	if errors.As(err, &refused) {
		return diag.Diagnostic{Code: "refused", Address: refused.Address.String(), Summary: "Refused, nothing was done", Detail: refused.Text}
	}
	text := err.Error()
	if !addressFirst.MatchString(text) {
		text = strings.ToUpper(text[:min(1, len(text))]) + text[min(1, len(text)):]
	}
	return diag.Diagnostic{Code: "command_failed", Summary: text}
}

func addressDetail(err error, e *engine.AddressError) string {
	if err.Error() != e.Error() { // what was being looked for stands around it
		return sentence(err.Error())
	}
	text := fmt.Sprintf("Nothing in the configuration or the ledger has an address that fits %q.", e.Pattern)
	if len(e.Nearest) > 0 {
		text += " Did you mean " + strings.Join(e.Nearest, ", ") + "?"
	}
	return text
}

// session is one command's run: the app and what the global flags changed.
type session struct {
	*App
	ctx, soft  context.Context //nolint:containedctx // a session does not outlive Main
	spoken     *atomic.Value   // the tongue of this run, once it is known
	sending    *atomic.Bool    // whether an interrupt finds something on the wire
	keyboard   *bufio.Reader   // Stdin
	answers    []VarFlag       // values of variables that were asked for
	defaults   []string        // the variables of the environment that added to the command line
	chdir      string
	noColor    bool
	input      bool
	ui         *jsonView          // set while a command prints JSON lines
	wantsLines bool               // whether the command line asks for JSON lines
	tap        func(engine.Event) // the demo listens here; may be nil
	aloud      bool               // whether people are to see a line while the configuration is read
	aside      bool               // on standard error, because standard output is a document
	conboxes   *engine.Conboxes
	log        *slog.Logger
	logTo      *logWriter
}

// enter applies the global flags and what the environment says in their place, before any command looks at the directory.
func (s *session) enter(cmd *cobra.Command) error {
	if !cmd.Flags().Changed("input") {
		var err error
		if s.input, err = s.wantsInput(); err != nil {
			return err
		}
	}
	if err := errors.Join(s.openLog(), s.move()); err != nil {
		return err
	}
	s.logStart(strings.TrimPrefix(cmd.CommandPath(), "dropform "))
	return nil
}

// move makes the directory that -chdir names the working directory.
func (s *session) move() error {
	if s.chdir == "" {
		return nil
	}
	dir := s.chdir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(s.Dir, dir)
	}
	info, err := s.FS.Stat(dir)
	if err != nil || !info.IsDir() {
		return diag.Diagnostic{Code: "no_directory", Summary: "No such directory", Detail: fmt.Sprintf("-chdir names %s, which is not a directory.", s.chdir)}
	}
	moved := *s.App
	moved.Dir = dir
	s.App = &moved
	s.spoken.Store(tongueOf(s.Language(LoadRequest{Dir: dir})))
	return nil
}

// speaks is the language for people: what the configuration says, else the system's. A configuration that is loaded may
// know better than the first look, because values of variables belong to it.
func (s *session) speaks() tongue {
	if l, ok := s.spoken.Load().(tongue); ok {
		return l
	}
	l := english
	if s.Language != nil {
		l = tongueOf(s.Language(LoadRequest{Dir: s.Dir}))
	}
	s.spoken.Store(l)
	return l
}

// read reads the configuration as it is now, with the values that a person gave.
func (s *session) read(vars []VarFlag) (*engine.Config, diag.List) {
	return s.loading(LoadRequest{Dir: s.Dir, Vars: slices.Concat(vars, s.answers)})
}

// silence is how long nothing may be on the screen after a command was entered.
const silence = 50 * time.Millisecond

// loading reads a configuration. Where that takes longer than silence and somebody looks on, it is said, once.
func (s *session) loading(r LoadRequest) (*engine.Config, diag.List) {
	if !s.aloud {
		return s.Load(r)
	}
	s.aloud = false
	out, said := s.outScreen(), make(chan struct{})
	if s.aside {
		out = s.errScreen()
	}
	timer := time.AfterFunc(silence, func() {
		defer close(said)
		out.printf("Reading the configuration...\n")
	})
	cfg, diags := s.Load(r)
	if !timer.Stop() {
		<-said
	}
	return cfg, diags
}

// load reads the configuration, asking for values that are missing where somebody can be asked. Warnings are shown;
// errors end the command.
func (s *session) load(vars []VarFlag) (*engine.Config, error) {
	cfg, diags := s.read(vars)
	if missing := valueless(diags); len(missing) > 0 && s.input && s.ui == nil && s.interactive() {
		if err := s.askFor(missing); err != nil {
			return nil, err
		}
		cfg, diags = s.read(vars)
	}
	if diags.HasErrors() || cfg == nil {
		return nil, diagnosed{diags}
	}
	s.spoken.Store(tongueOf(cfg.Language))
	s.diagnostics(diags)
	return cfg, nil
}

// diagnostics shows complaints: as JSON lines where a command prints those, else on stderr.
func (s *session) diagnostics(list diag.List) {
	if len(list) == 0 {
		return
	}
	list = append(diag.List(nil), list...)
	list.Sort()
	if s.ui != nil {
		s.ui.diagnostics(list)
		return
	}
	screen := s.errScreen()
	for _, d := range list {
		screen.diagnostic(d)
	}
}

// who is the person at the keyboard, for the history.
func (s *session) who() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return s.env("USER")
}

func (s *session) env(name string) string {
	for _, e := range s.Environ {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return ""
}

func (s *session) userAgent() string { return "dropform/" + s.Version }

// relative is a path as a user in dir would write it, where that is shorter.
func relative(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return filepath.ToSlash(rel)
}

// writeIfAbsent writes a file that is not there and reports whether it did. What is there stays as it is.
func writeIfAbsent(fs afero.Fs, path, text string) (bool, error) {
	f, err := fs.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = io.WriteString(f, text)
	return err == nil, errors.Join(err, f.Close())
}

// now is the one clock of the commands.
func now() time.Time { return time.Now() }
