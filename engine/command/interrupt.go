package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// interrupts gives the two stages of Ctrl-C: soft ends with the first, ctx with the second. stop ends both and the
// listening, spoken holds the tongue. sending tells whether there is something to finish.
func interrupts(stderr io.Writer, sending *atomic.Bool, spoken *atomic.Value) (ctx, soft context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	soft, soften := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stages(ctx, signals, stderr, sending, spoken, soften, cancel)
	}()
	return ctx, soft, func() {
		signal.Stop(signals)
		cancel()
		<-ended
		soften()
	}
}

func stages(ctx context.Context, signals <-chan os.Signal, stderr io.Writer, sending *atomic.Bool, spoken *atomic.Value, soften, cancel context.CancelFunc) {
	for _, stage := range []struct {
		idle, busy string
		end        context.CancelFunc
	}{
		{"\nInterrupt received. Stopping.\n", "\nInterrupt received. Finishing what is on the wire, then stopping; what the server still works on is resumed by the next run.\nInterrupt again to stop at once.\n", soften},
		{"\nStopping at once.\n", "\nTwo interrupts received. Stopping at once; what was being sent may have reached the server, the next run says so.\n", cancel},
	} {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			text := stage.idle
			if sending.Load() {
				text = stage.busy
			}
			l, _ := spoken.Load().(tongue) // English before anything is known
			fmt.Fprint(stderr, l.say(text))
			stage.end()
		}
	}
}
