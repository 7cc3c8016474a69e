package command

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/lmittmann/tint"

	"dropform/engine"
)

// levelTrace is below debug: every word of progress.
const levelTrace = slog.LevelDebug - 4

// logOff is above everything that is ever logged.
const logOff = slog.LevelError + 100

// logLevels are the values of DROPFORM_LOG.
var logLevels = map[string]slog.Level{
	"": slog.LevelWarn, "TRACE": levelTrace, "DEBUG": slog.LevelDebug, "INFO": slog.LevelInfo, "WARN": slog.LevelWarn,
	"ERROR": slog.LevelError, "OFF": logOff, "JSON": levelTrace,
}

// openLog makes the log of this process. It goes to stderr and holds what the engine has to say beside its events: from
// warnings on, or what DROPFORM_LOG asks for.
func (s *session) openLog() error {
	wanted := strings.ToUpper(s.env(envLog))
	level, known := logLevels[wanted]
	if !known {
		return invalidVariable(envLog, fmt.Sprintf("%q is none of TRACE, DEBUG, INFO, WARN, ERROR, OFF and JSON", s.env(envLog)))
	}
	s.logTo = &logWriter{w: s.Stderr}
	screen := s.screen(s.Stderr)
	switch {
	case wanted == "JSON":
		s.log = slog.New(slog.NewJSONHandler(s.logTo, &slog.HandlerOptions{Level: level, ReplaceAttr: nameTrace}))
	case screen.terminal:
		s.log = slog.New(tint.NewTextHandler(s.logTo, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: !screen.colour}))
	default:
		s.log = slog.New(slog.NewTextHandler(s.logTo, &slog.HandlerOptions{Level: level, ReplaceAttr: nameTrace}))
	}
	s.conboxes.Log = s.log
	return nil
}

// nameTrace names the level that slog has no name for.
func nameTrace(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.LevelKey && a.Value.Any() == levelTrace {
		a.Value = slog.StringValue("TRACE")
	}
	return a
}

// logStart is the log's first line.
func (s *session) logStart(command string) {
	s.log.Info("dropform", "version", s.Version, "command", command, "process", os.Getpid(), "directory", s.Dir)
}

// logEvent notes what a run tells. Texts for people, which may quote files, stay out of the log.
func (s *session) logEvent(e engine.Event) {
	switch e := e.(type) {
	case engine.StepStarted:
		s.log.Debug("step started", "address", e.Action.Address.String(), "action", string(e.Action.Kind), "reason", e.Action.Reason)
	case engine.StepProgress:
		s.log.Log(context.Background(), levelTrace, "step goes on", "address", e.Action.Address.String(), "phase", e.Phase, "sent", e.Sent, "total", e.Total, "percent", e.Percent)
	case engine.StepEnded:
		s.log.Debug("step ended", "address", e.Action.Address.String(), "action", string(e.Action.Kind), "result", string(e.Result), "code", e.Code, "took", e.Elapsed)
	case engine.DefinitionApplied:
		s.log.Debug("definition applied", "address", e.Change.Address.String(), "action", e.Change.Verb)
	case engine.ConnectionDown:
		s.log.Debug("connection down", "address", e.Address.String(), "code", e.Code, "queued", e.Queued, "retry", e.Retry)
	case engine.ConnectionUp:
		s.log.Debug("connection up", "address", e.Address.String(), "after", e.After)
	}
}

// logWriter is where the log goes: to stderr, and while bars are on the screen above them.
type logWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *logWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// to leads the log elsewhere.
func (l *logWriter) to(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w = w
}

// logLines lets log lines appear above the bars.
type logLines struct{ view *textView }

func (l logLines) Write(p []byte) (int, error) {
	l.view.mu.Lock()
	defer l.view.mu.Unlock()
	l.view.write(l.view.err.w, p)
	return len(p), nil
}
