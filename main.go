// Command dropform makes sure that CSV files which are dropped into folders reach their import methods once, and that
// exports are fetched when they are due. This file is the process's edge: it joins the language, the watcher and the
// engine, which do not know each other.
package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
	_ "time/tzdata" // Windows has no time zones of its own

	"github.com/spf13/afero"

	"dropform/engine"
	"dropform/engine/command"
	"dropform/engine/diag"
	"dropform/hcl"
	"dropform/watch"
)

// version is set by the release build.
var version = "0.1.0"

func main() { os.Exit(run()) }

func run() int {
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error: find the working directory:", err)
		return 1
	}
	disk := afero.NewOsFs()
	app := &command.App{
		FS: disk, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(), Dir: dir, Version: version, Program: os.Args[0],
		Load:       func(r command.LoadRequest) (*engine.Config, diag.List) { return load(disk, r) },
		Format:     hcl.Format,
		Sources:    func(dir string) (config, vars []string, err error) { return hcl.SourceFiles(disk, dir) },
		Language:   func(r command.LoadRequest) string { return hcl.Language(request(disk, r)) },
		LedgerPath: func(r command.LoadRequest) string { return hcl.LedgerPath(request(disk, r)) },
		Outline: func(r command.LoadRequest, wanted func(engine.Address) bool) *engine.Config {
			return hcl.Outline(request(disk, r), wanted)
		},
		NewWatcher: func(dir string, files []string) (engine.Watcher, error) { return newEyes(disk, dir, files) },
		Evaluator:  func(r command.LoadRequest) (command.Evaluator, diag.List) { return evaluator(disk, r) },
		Reference:  hcl.Reference,
		Messages:   hcl.Codes,
		Writers:    writers,
	}
	return app.Main(os.Args[1:])
}

func load(disk afero.Fs, r command.LoadRequest) (*engine.Config, diag.List) {
	return hcl.Load(request(disk, r))
}

func request(disk afero.Fs, r command.LoadRequest) hcl.Request {
	vars := make([]hcl.VarFlag, len(r.Vars))
	for i, v := range r.Vars {
		vars[i] = hcl.VarFlag(v)
	}
	return hcl.Request{Fs: disk, Dir: r.Dir, Vars: vars, Environ: os.Environ(), Now: time.Now, Version: version, Validate: r.Validate}
}

func evaluator(disk afero.Fs, r command.LoadRequest) (command.Evaluator, diag.List) {
	console, diags := hcl.NewConsole(request(disk, r))
	if console == nil {
		return nil, diags
	}
	return console.Evaluate, diags
}

func writers(path string) (busy, known bool) {
	state := watch.Writer(path)
	return state == watch.Busy, state != watch.Unknown
}

// eyes is the watcher in the engine's terms.
type eyes struct {
	*watch.Watcher
	events chan engine.WatchEvent
}

func newEyes(disk afero.Fs, dir string, files []string) (engine.Watcher, error) {
	w, err := watch.New(watch.Options{FS: disk, ConfigDir: dir, ConfigFiles: files})
	if err != nil {
		return nil, err
	}
	return &eyes{w, make(chan engine.WatchEvent)}, nil
}

func (e *eyes) SetFolders(folders []engine.WatchFolder) {
	list := make([]watch.Folder, len(folders))
	for i, f := range folders {
		list[i] = watch.Folder{ID: f.ID, Path: f.Path, Take: f.Take, Settle: f.Settle, Poll: f.Poll, MinSize: f.MinSize, ReadyFile: f.ReadyFile}
	}
	e.Watcher.SetFolders(list)
}

func (e *eyes) Events() <-chan engine.WatchEvent { return e.events }

// Run watches until ctx ends and returns when no goroutine is left.
func (e *eyes) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var passing sync.WaitGroup
	passing.Go(func() { e.pass(ctx) })
	err := e.Watcher.Run(ctx)
	cancel()
	passing.Wait()
	return err
}

func (e *eyes) pass(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case ev := <-e.Watcher.Events():
			select {
			case e.events <- translated(ev):
			case <-ctx.Done():
				return
			}
		}
	}
}

func translated(ev watch.Event) engine.WatchEvent {
	switch ev := ev.(type) {
	case watch.Settled:
		return engine.WatchEvent{Kind: engine.WatchSettled, ID: ev.FolderID, Name: ev.Name, State: engine.FileState{Size: ev.Size, ModTime: ev.ModTime}}
	case watch.StillChanging:
		return engine.WatchEvent{Kind: engine.WatchStillChanging, ID: ev.FolderID, Name: ev.Name}
	case watch.Unmarked:
		return engine.WatchEvent{Kind: engine.WatchUnmarked, ID: ev.FolderID, Name: ev.Name}
	case watch.Degraded:
		return engine.WatchEvent{Kind: engine.WatchDegraded, ID: ev.FolderID, Err: ev.Reason}
	case watch.Healed:
		return engine.WatchEvent{Kind: engine.WatchHealed, ID: ev.FolderID}
	case watch.Exchanged:
		return engine.WatchEvent{Kind: engine.WatchExchanged, ID: ev.FolderID}
	case watch.Due:
		return engine.WatchEvent{Kind: engine.WatchDue, ID: ev.ID, At: ev.At}
	case watch.ConfigChanged:
		return engine.WatchEvent{Kind: engine.WatchConfigChanged}
	}
	panic(fmt.Sprintf("unknown watch event %T", ev))
}

func (e *eyes) Status() []engine.WatchStatus {
	var out []engine.WatchStatus
	for _, f := range e.Watcher.Status() {
		s := engine.WatchStatus{
			ID: f.ID, Mode: f.Mode, Network: f.Network, Pending: f.Pending, Oldest: f.OldestPending,
			Overflows: f.Overflows, Rearms: f.Rearms, LastSweep: f.LastSweep,
		}
		if f.Degraded != nil {
			s.Degraded = f.Degraded.Error()
		}
		out = append(out, s)
	}
	return out
}
