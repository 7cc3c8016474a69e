package command

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dropform/engine"
	"dropform/engine/durable"
	"dropform/engine/ledger"
)

func (s *session) statusCommand() *cobra.Command {
	var vars []VarFlag
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status [options]", Short: "Show connections, folders, schedules, and what is not done", Args: exactly(0, 0, "no arguments"),
		Long:    "One line for each connection, folder and schedule, then each item that is not done, with its address and one of waiting, failed, unknown, running. It changes nothing and works while watch runs. Exit code 0, whatever it finds.",
		Example: "dropform status\ndropform status -json",
		RunE:    func(*cobra.Command, []string) error { return s.status(vars, asJSON) },
	}
	addVarFlags(cmd.Flags(), &vars)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (s *session) status(vars []VarFlag, asJSON bool) error {
	s.aloud = !asJSON
	cfg, broken, err := s.configOrLedger(vars)
	if err != nil {
		return err
	}
	reader, err := s.reader(cfg)
	if err != nil {
		return err
	}
	defer reader.Close()
	text := statusText{screen: s.outScreen(), dir: s.Dir, broken: firstError(broken)}
	text.watching, text.holder, err = durable.Held(filepath.Join(filepath.Dir(cfg.LedgerPath), "watch.lock"))
	if err != nil {
		return err
	}
	if len(broken) > 0 {
		text.st, err = s.statusOfLedger(cfg, reader, text.watching)
	} else {
		text.st, err = s.planner(reader, nil).ReadStatus(s.ctx, cfg, statusPath(cfg), text.watching)
		if err == nil {
			err = s.notCreated(reader, text.st.Folders)
		}
	}
	if err != nil {
		return err
	}
	if asJSON {
		return s.printJSON(statusDocument(text.st, text.broken))
	}
	text.show()
	return nil
}

// notCreated says of the folders of definitions that were never applied that they are not there yet: the first apply
// makes them.
func (s *session) notCreated(reader *ledger.Reader, folders []engine.FolderStatus) error {
	return reader.View(s.ctx, func(v *ledger.View) error {
		applied, err := v.Definitions()
		if err != nil {
			return err
		}
		for i := range folders {
			f := &folders[i]
			if _, known := applied[f.Address]; known {
				continue
			}
			if _, err := s.FS.Stat(f.Path); errors.Is(err, fs.ErrNotExist) {
				f.Mode, f.Degraded = "not created yet", ""
			}
		}
		return nil
	})
}

// statusJSON is `status -json`.
type statusJSON struct {
	FormatVersion      string `json:"format_version"`
	ConfigurationError string `json:"configuration_error,omitempty"`
	*engine.Status
}

// statusDocument makes sure that a list is a list even when it is empty.
func statusDocument(st *engine.Status, broken string) statusJSON {
	out := *st
	out.Connections = listed(out.Connections)
	out.Folders = listed(out.Folders)
	out.Schedules = listed(out.Schedules)
	out.Items = listed(out.Items)
	if out.Watch != nil {
		watch := *out.Watch
		watch.Serving, watch.Waiting, watch.Folders = listed(watch.Serving), listed(watch.Waiting), listed(watch.Folders)
		watch.Unserved = listed(watch.Unserved)
		out.Watch = &watch
	}
	return statusJSON{"1.0", broken, &out}
}

func listed[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// statusText prints a status for people.
type statusText struct {
	*screen
	st       *engine.Status
	dir      string
	watching bool
	holder   string // the watch's note in its lock
	broken   string // why there is no configuration; then only the ledger and the watch are known
}

func (t *statusText) show() {
	st := t.st
	t.watch()
	if t.broken != "" {
		text := "configuration: broken, " + t.broken
		if t.watching {
			text += "; watch serves the version before"
		}
		t.printf("%s\n", t.say(text))
	}
	if st.Definitions > 0 {
		t.printf("%s not applied yet; dropform plan shows what differs.\n", t.count(st.Definitions, "definition is", "definitions are"))
	}
	t.section("Connections", len(st.Connections), func(i int) string {
		c := st.Connections[i]
		return fmt.Sprintf("%s  %s%s", c.Address, c.State, prefixed(", ", t.say(c.Text)))
	})
	t.section("Folders", len(st.Folders), func(i int) string { return t.folder(st.Folders[i]) })
	t.section("Schedules", len(st.Schedules), func(i int) string { return t.schedule(st.Schedules[i]) })
	t.section("Not done", len(st.Items), func(i int) string { return t.item(st.Items[i]) })
	if len(st.Items) == 0 && t.broken == "" {
		t.printf("\nNothing is left to do.\n")
	}
}

// watch says who serves the folders, and why an edit may not be served.
func (t *statusText) watch() {
	if !t.watching {
		t.printf("No watch is running; files wait for dropform apply or dropform watch.\n")
		return
	}
	t.printf("Watched by %s.\n", t.holder)
	if w := t.st.Watch; w != nil && len(w.Unserved) > 0 {
		t.printf("Changed since applied, and not served until dropform apply: %s. The files stay where they are.\n", strings.Join(w.Unserved, ", "))
	}
	if w := t.st.Watch; w != nil && w.ConfigError != "" && t.broken == "" {
		t.printf("The newest edit of the configuration is not served: %s\n", w.ConfigError)
	}
}

func (t *statusText) section(title string, n int, line func(int) string) {
	if n == 0 {
		return
	}
	t.printf("\n%s\n", t.bold(t.say(title)))
	for i := range n {
		t.printf("  %s\n", line(i))
	}
}

func (t *statusText) folder(f engine.FolderStatus) string {
	parts := []string{f.Address}
	if f.Path != "" {
		parts[0] += "  " + relative(t.dir, f.Path)
	}
	switch {
	case f.Network != "":
		parts = append(parts, t.say(f.Mode)+" ("+t.say(f.Network)+")")
	case f.Mode != "":
		parts = append(parts, t.say(f.Mode))
	}
	parts = append(parts, t.sayf("%s queued", thousands(int64(f.Queue))))
	if !f.Oldest.IsZero() {
		parts = append(parts, t.sayf("oldest %s", stamp(f.Oldest)))
	}
	if f.Overflows > 0 {
		parts = append(parts, t.count(f.Overflows, "overflow", "overflows"))
	}
	if f.Rearms > 0 {
		parts = append(parts, t.sayf("watched anew %s", t.count(f.Rearms, "time", "times")))
	}
	if f.Degraded != "" {
		parts = append(parts, t.sayf("degraded: %s", f.Degraded))
	}
	text := strings.Join(parts, ", ")
	for i, ig := range f.Ignored {
		if i == foldedSteps {
			return text + t.sayf("\n    … and %s more ignored", thousands(int64(len(f.Ignored)-i)))
		}
		text += t.sayf("\n    ignored: %s (%s)", engine.ShownName(ig.Name), ig.Reason)
	}
	return text
}

func (t *statusText) schedule(s engine.ScheduleStatus) string {
	text := t.sayf("%s  next %s", s.Address, stamp(s.Next))
	if s.Last.IsZero() {
		return t.sayf("%s, never run", text)
	}
	return t.sayf("%s, last %s%s", text, stamp(s.Last), prefixed(" ", t.say(words(s.LastResult))))
}

func (l tongue) item(i engine.StatusItem) string {
	text := fmt.Sprintf("%s  %s", i.Address, i.State)
	if !i.Since.IsZero() {
		text += l.sayf(" since %s", stamp(i.Since))
	}
	text += prefixed(": ", l.say(i.Text))
	if i.Next != "" {
		text += l.sayf("\n    next: %s", i.Next)
	}
	return text
}

// stamp is a moment as people read it; the zero time is a dash.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02 15:04:05")
}
