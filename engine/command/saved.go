package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/afero"

	"dropform/engine"
	"dropform/engine/diag"
	"dropform/engine/durable"
	"dropform/engine/ledger"
)

// maxSavedPlan bounds what is read as a saved plan.
const maxSavedPlan = 256 << 20

// saves writes a plan to a file that its owner alone can read. The empty ledger is made where there is none: the plan is
// bound to its identity and key.
func (s *session) savePlan(cfg *engine.Config, plan *engine.Plan, o engine.PlanOptions, name string) error {
	l, err := ledger.Open(s.ctx, cfg.LedgerPath)
	if err != nil {
		return err
	}
	key, err := engine.KeyOf(s.ctx, l.Reader(), cfg)
	if cerr := l.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(plan.Save(s.Version, key, o), "", "  ")
	if err != nil {
		return err
	}
	path := s.absolute(name)
	err = durable.WriteFile(s.FS, path, 0o600, func(w io.Writer) error {
		_, err := w.Write(append(raw, '\n'))
		return err
	})
	if err == nil {
		err = durable.Private(path)
	}
	if err != nil {
		return unsaved(name, systemCause(err).Error()+".")
	}
	if s.ui == nil {
		s.outScreen().printf("\nSaved the plan to: %s\n\nTo perform exactly these actions, run:\n    dropform apply %s\n", name, shellWord(name))
	}
	return nil
}

// canSave refuses, before anything is planned, a name under which no plan can be saved.
func (s *session) canSave(name string) error {
	if info, err := s.FS.Stat(s.absolute(name)); err == nil && info.IsDir() {
		return unsaved(name, "it is a folder. Name a file in it.")
	}
	folder := filepath.Dir(name)
	switch info, err := s.FS.Stat(s.absolute(folder)); {
	case errors.Is(err, fs.ErrNotExist):
		return unsaved(name, "there is no folder "+folder+". Create it, or name another file.")
	case err != nil:
		return unsaved(name, systemCause(err).Error()+".")
	case !info.IsDir():
		return unsaved(name, folder+" is a file. Name a file in a folder that exists.")
	}
	return nil
}

func unsaved(name, why string) error {
	return diag.Diagnostic{Code: "plan_not_saved", Summary: "The plan cannot be saved", Detail: "-out names " + name + ": " + why}
}

// systemCause is what the system said, without the names of temporary files.
func systemCause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &link):
		return link.Err
	case errors.As(err, &path):
		return path.Err
	}
	return err
}

func (s *session) absolute(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.Dir, name)
}

// readPlan reads a saved plan; ok is false where the file is none, or not there.
func (s *session) readPlan(name string) (p *engine.SavedPlan, ok bool, err error) {
	f, err := s.FS.Open(s.absolute(name))
	if err != nil {
		return nil, false, nil //nolint:nilerr // the caller says what it looked for
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, false, nil
	}
	raw, err := afero.ReadAll(limited(f, maxSavedPlan))
	if err != nil {
		return nil, false, fmt.Errorf("read %s: %w", name, err)
	}
	p = &engine.SavedPlan{}
	if json.Unmarshal(raw, p) != nil || p.FormatVersion == "" || p.Ledger == "" {
		return nil, false, nil
	}
	return p, true, nil
}

// noPlan says that an argument is no saved plan. A script whose variable is empty would see nothing in its place.
func noPlan(name string) error {
	d := diag.Diagnostic{Code: "no_saved_plan", Summary: "No saved plan", Detail: name + " is not a file that dropform plan -out has written."}
	if name == "" {
		d.Detail = "The name of the saved plan is empty. Nothing was planned anew in its place."
	}
	return d
}

// refuseFlags says that a saved plan leaves nothing to choose.
func refuseFlags(o applyOptions) error {
	if len(o.targets)+len(o.excludes)+len(o.replace) > 0 || o.asOf != "" {
		return diag.Diagnostic{Code: "invalid_arguments", Summary: "A saved plan has been made already", Detail: "-target, -exclude, -replace and -as-of belong to dropform plan -out."}
	}
	return nil
}

// again makes a saved plan anew and reduces it to the steps that still hold; it is refused whole where it is not this
// configuration's or this ledger's, or too old.
func (s *session) again(cfg *engine.Config, saved *engine.SavedPlan, reader *ledger.Reader, maxAge, observe time.Duration, approve []string) (*engine.Plan, error) {
	if err := saved.Refuse(s.ctx, cfg, reader, now(), maxAge); err != nil {
		return nil, diag.Diagnostic{Code: "plan_refused", Summary: "The saved plan is refused, nothing was done", Detail: sentence(err.Error())}
	}
	o := saved.Options()
	o.Observe, o.Approve = observe, approve
	plan, err := s.makePlan(cfg, s.asking(reader, s.hashing(cfg)), o)
	if err != nil {
		return nil, err
	}
	return saved.Still(s.ctx, plan, reader)
}

// stale tells which steps of a saved plan are not carried out.
func (s *session) stale(list []engine.Stale) {
	var out diag.List
	for _, x := range list {
		detail := sentence(x.Text) + " It is not carried out."
		if x.Result != engine.ResultDone {
			detail = sentence(x.Text) + " It is not carried out. Plan again to see it as it is now."
		}
		out = append(out, diag.Diagnostic{
			Severity: diag.Warning, Code: "stale_step", Address: x.Address, Summary: "A step of the saved plan does not hold any more", Detail: detail,
		})
	}
	if s.ui == nil && len(out) > maxBoxes {
		out[maxBoxes-1] = diag.Diagnostic{
			Severity: diag.Warning, Code: "more_problems", Summary: fmt.Sprintf("%d more steps do not hold any more", len(out)-maxBoxes+1),
			Detail: "They are not carried out. The option -json lists all of them.",
		}
		out = out[:maxBoxes]
	}
	s.diagnostics(out)
}

// showPlanFile prints a saved plan as it stands now.
func (s *session) showPlanFile(vars []VarFlag, saved *engine.SavedPlan, asJSON bool) error {
	if asJSON {
		return s.printJSON(saved)
	}
	cfg, err := s.load(vars)
	if err != nil {
		return err
	}
	reader, err := s.reader(cfg)
	if err != nil {
		return err
	}
	defer reader.Close()
	plan, err := s.again(cfg, saved, reader, time.Duration(1<<62), 0, nil)
	if err != nil {
		return err
	}
	out := s.outScreen()
	out.printf("Plan of %s, %s.\n", stamp(saved.At.In(cfg.Location)), out.count(len(saved.Steps), "step", "steps"))
	s.showPlan(plan, true)
	s.stale(plan.Stale)
	return nil
}
