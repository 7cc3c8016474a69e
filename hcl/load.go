package hcl

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/spf13/afero"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
	"dropform/engine/diag"
)

// Request is what a configuration is read from.
type Request struct {
	Fs       afero.Fs
	Dir      string           // the working directory, absolute
	Vars     []VarFlag        // -var and -var-file in command-line order
	Environ  []string         // NAME=value, as os.Environ gives it
	Now      func() time.Time // the clock of timestamp()
	Version  string           // of this dropform, for required_version; empty skips the comparison
	Validate bool             // a variable or environment variable without a value counts as unknown, not as an error
}

// VarFlag is one -var or -var-file.
type VarFlag struct {
	File bool   // whether Text is a file's path rather than name=value
	Text string // relative paths start at the working directory
}

// loader holds one configuration while it is read, and afterwards what its late expressions need.
type loader struct {
	complaints
	req     Request
	clock   func() time.Time
	now     time.Time
	environ map[string]string
	zone    *time.Location
	config  *engine.Config
	partial bool     // whether something stayed unknown for want of a value
	open    *problem // the first value that stayed unknown, whatever the reason

	top         map[string][]*hcl.Block // blocks by type
	variables   map[string]*variable
	locals      map[string]*local
	connections map[string]map[string]*declaration
	blocks      map[engine.Address]*declaration // by base address
	order       []*declaration
	built       map[engine.Address]*engine.Connection
	watched     []*watched
	targets     []*target

	conditions []unmetCondition

	root                  *hcl.EvalContext
	sampleRun, sampleFile cty.Value
}

// An unmetCondition is told by the plan, not by Load; its snippet is cut when all that must not be seen is known.
type unmetCondition struct {
	problem problem
	told    *diag.Diagnostic
}

// Load reads and checks the configuration of a working directory. It opens no ledger, no connection and no secret. The
// list holds every mistake and warning, sorted; the configuration is nil where there is an error, and under Validate
// also where a value is missing.
func Load(req Request) (*engine.Config, diag.List) {
	l := read(req)
	list := l.finished()
	if l.partial && !req.Validate && !list.HasErrors() && l.open != nil { // or nobody would be told why there is nothing
		l.add(*l.open)
		list = l.finished()
	}
	if list.HasErrors() || l.partial {
		return nil, list
	}
	for _, c := range l.conditions {
		*c.told = l.finish(c.problem)
	}
	l.config.Inputs = l.inputs()
	return l.config, list
}

// LedgerPath is where the ledger of a configuration lies that Load refuses, as far as its dropform block can still be read;
// else the default. What happened must not be hidden by a slip in some import.
func LedgerPath(req Request) string {
	l := newLoader(req)
	if vars, ok := l.readFiles(); ok {
		l.readSettings(vars)
	}
	if l.config.LedgerPath != "" {
		return l.config.LedgerPath
	}
	return filepath.Join(req.Dir, ".dropform", "ledger.db")
}

// Language is the language for people, "en" or "de", also where Load refuses the configuration: that of the dropform block
// as far as it can still be read, else that of the system.
func Language(req Request) string {
	l := newLoader(req)
	if !l.mayName("language") {
		return l.systemLanguage() // what ten thousand blocks say need not be read twice
	}
	vars, ok := l.readFiles()
	if !ok {
		return l.systemLanguage()
	}
	l.readSettings(vars)
	return l.config.Language
}

// mayName reports whether an attribute of that name may be set somewhere in the configuration.
func (l *loader) mayName(attribute string) bool {
	names, _, err := SourceFiles(l.req.Fs, l.req.Dir)
	if err != nil {
		return true
	}
	for _, name := range names {
		src, err := afero.ReadFile(l.req.Fs, filepath.Join(l.req.Dir, name))
		if err != nil || strings.HasSuffix(name, jsonSuffix) || bytes.Contains(src, []byte(attribute)) {
			return true // in JSON a name may be written with escapes
		}
	}
	return false
}

func read(req Request) *loader {
	l := newLoader(req)
	l.load()
	return l
}

func newLoader(req Request) *loader {
	l := &loader{
		complaints: newComplaints(), req: req, clock: req.Now, environ: environment(req.Environ), zone: time.Local,
		config: &engine.Config{Dir: req.Dir, Keyed: map[engine.Address]bool{}}, top: map[string][]*hcl.Block{},
		variables: map[string]*variable{}, locals: map[string]*local{}, connections: map[string]map[string]*declaration{},
		blocks: map[engine.Address]*declaration{}, built: map[engine.Address]*engine.Connection{},
	}
	if l.clock == nil {
		l.clock = time.Now
	}
	l.now = l.clock()
	return l
}

// load runs in the order in which one thing needs another: files, variables, settings, local values and keys, blocks.
func (l *loader) load() {
	if !l.prepare() {
		return
	}
	l.checkValidations()
	for _, d := range l.order {
		l.decodeDeclaration(d)
		d.block.Body = nil // ten thousand trees are larger than all that is made of them
	}
	l.moves()
	l.checkCycles()
	l.checkSharedFolders()
	l.checkTargets()
	l.addZeros()
}

// prepare is load up to the blocks, of which only names and keys are known then. It is false where there is nothing to read.
func (l *loader) prepare() bool {
	vars, ok := l.readFiles()
	if !ok {
		return false
	}
	l.readSettings(vars)
	l.sampleValues()
	l.declareBlocks()
	l.evaluateGraph()
	return true
}

// readSettings reads what everything else may depend on.
func (l *loader) readSettings(vars []string) {
	l.root = &hcl.EvalContext{Functions: l.functions(markedSecret)}
	l.findConfidential()
	l.declareVariables()
	l.setVariables(vars)
	l.settings()
}

// readFiles parses what counts and sorts the blocks by type. It is false where there is nothing to read.
func (l *loader) readFiles() (vars []string, ok bool) {
	names, vars, err := SourceFiles(l.req.Fs, l.req.Dir)
	if err != nil {
		l.add(problem{code: "file_unreadable", summary: "Cannot list the working directory", detail: readError(err)})
		return nil, false
	}
	if len(names) == 0 {
		l.add(problem{
			code: "no_configuration", summary: "No configuration files",
			detail: "The working directory has no *.hcl file. `dropform init` writes a first one; -chdir=DIR looks elsewhere.",
		})
		return nil, false
	}
	l.config.Files = slices.Sorted(slices.Values(append(slices.Clone(names), vars...)))
	for _, name := range names {
		body := l.parse(name)
		if body == nil {
			continue
		}
		content, diags := body.Content(rootSpec)
		l.addHCL(diags, place{})
		for _, b := range content.Blocks {
			l.top[b.Type] = append(l.top[b.Type], b)
		}
	}
	return vars, true
}

// header is a block's first line as written: import "staff".
func header(b *hcl.Block) string {
	var out strings.Builder
	out.WriteString(b.Type)
	for _, label := range b.Labels {
		fmt.Fprintf(&out, " %q", label)
	}
	return out.String()
}

// goodName reports a label that cannot be part of an address.
func (l *loader) goodName(b *hcl.Block, i int) bool {
	if hclsyntax.ValidIdentifier(b.Labels[i]) {
		return true
	}
	l.add(problem{
		code: "invalid_name", summary: fmt.Sprintf("%q cannot be a name", b.Labels[i]), rng: b.LabelRanges[i], in: place{context: header(b)},
		detail: "A name starts with a letter and goes on with letters, digits, hyphens and underscores.",
	})
	return false
}

// bare is an instance for what belongs to no address.
func (l *loader) bare(b *hcl.Block) *instance {
	in := &instance{loader: l, ctx: l.root}
	if b != nil {
		in.place, in.header = place{context: header(b)}, b.DefRange
	}
	return in
}
