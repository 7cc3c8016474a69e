package command

import (
	"io"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"
)

// logger writes what the engine has to say beside its events, from warnings on, to w, which leads to stderr.
func (s *session) logger(w io.Writer) *slog.Logger {
	screen := s.errScreen()
	if screen.terminal {
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: slog.LevelWarn, TimeFormat: time.TimeOnly, NoColor: !screen.colour}))
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// logLines lets log lines appear above the bars.
type logLines struct{ view *textView }

func (l logLines) Write(p []byte) (int, error) {
	l.view.mu.Lock()
	defer l.view.mu.Unlock()
	l.view.write(l.view.err.w, p)
	return len(p), nil
}
