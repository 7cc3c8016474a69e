package hcl

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/afero"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
)

// sampleOf says which value of the vendor's sample scripts was left in place of a secret; empty: none.
func sampleOf(secret string) string {
	switch s := strings.Trim(strings.TrimSpace(secret), "{}()"); {
	case s == "SICHERES_PASSWORT":
		return "the password of the vendor's sample"
	case strings.Trim(s, "0-") == "" && strings.Count(s, "0") == 32:
		return "the nil GUID of the vendor's sample"
	}
	return ""
}

// secret decodes a secret attribute. What is known now is checked; what secret(…) stands for is read on Reveal.
func (in *instance) secret(a *attribute, expr hcl.Expression) (any, bool) {
	in.place.secret = true
	defer func() { in.place.secret = false }()
	in.hideTexts(expr)
	v, ok := in.evaluate(expr, 0)
	if !ok {
		return nil, false
	}
	sources := secretsOf(v)
	plain, _ := v.UnmarkDeep()
	if sources == nil {
		return in.openSecret(a, plain, expr)
	}
	if ty := plain.Type(); ty != cty.String && ty != cty.DynamicPseudoType {
		in.wrong(expr, "wrong_type", a.name+" is text", fmt.Sprintf("The expression gives %s.", article(ty)))
		return nil, false
	}
	// A command may hold credentials itself, so only its kind is told.
	for i, s := range sources {
		if strings.HasPrefix(s, "cmd:") {
			sources[i] = "cmd"
		}
	}
	return engine.NewSecret(strings.Join(sources, ", "), func(ctx context.Context) (string, error) {
		return in.reveal(ctx, a.name, expr)
	}), true
}

// openSecret is a secret attribute whose value is no secret(…): written out, or from a variable or the environment.
func (in *instance) openSecret(a *attribute, v cty.Value, expr hcl.Expression) (any, bool) {
	switch {
	case !v.IsKnown():
		return nil, false
	case v.IsNull():
		in.wrong(expr, "null_value", a.name+" is null", "Say where the secret comes from: secret(\"env:NAME\").")
		return nil, false
	case v.Type() != cty.String:
		in.hide(expr.Range())
		in.wrong(expr, "wrong_type", a.name+" is text", "Say where the secret comes from: secret(\"env:NAME\").")
		return nil, false
	}
	s := v.AsString()
	in.rememberSecret(v)
	switch {
	case sampleOf(s) != "":
		in.wrong(expr, "sample_value", fmt.Sprintf("%s is %s", a.name, sampleOf(s)), "Say where the real one comes from: secret(\"env:NAME\").")
		return nil, false
	case s == "":
		in.wrong(expr, "invalid_value", a.name+" is empty", "Say where the secret comes from: secret(\"env:NAME\").")
		return nil, false
	case isLiteral(expr):
		in.warn(expr, "literal_secret", a.name+" is written out",
			"Whoever reads this file, its backups or its history has the secret. Use secret(\"env:NAME\"), secret(\"file:PATH\") or secret(\"cmd:…\").")
	}
	source := "literal"
	if !isLiteral(expr) {
		source = "expression"
	}
	return engine.NewSecret(source, func(context.Context) (string, error) { return s, nil }), true
}

// reveal evaluates an expression with its secrets read. Its errors name the source, never what was read.
func (in *instance) reveal(ctx context.Context, name string, expr hcl.Expression) (string, error) {
	r := &revealing{loader: in.loader, ctx: ctx, locals: map[string]cty.Value{}}
	v, diags := r.value(expr, in.ctx)
	switch {
	case r.err != nil:
		return "", fmt.Errorf("reading %s of %s: %w", name, in.place.address, r.err)
	case diags.HasErrors():
		return "", fmt.Errorf("reading %s of %s: the expression at %s cannot be evaluated with the secret's value", name, in.place.address, expr.Range())
	}
	v, _ = v.UnmarkDeep()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.String || v.AsString() == "" {
		return "", fmt.Errorf("reading %s of %s: the secret is empty", name, in.place.address)
	}
	if sample := sampleOf(v.AsString()); sample != "" {
		return "", fmt.Errorf("reading %s of %s: the secret is %s", name, in.place.address, sample)
	}
	return v.AsString(), nil
}

// revealing evaluates once more with secret(…) giving its value: the expression itself and the local values it uses.
type revealing struct {
	*loader
	ctx    context.Context
	locals map[string]cty.Value
	err    error // the first source that could not be read
}

func (r *revealing) value(expr hcl.Expression, base *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	locals := map[string]cty.Value{}
	for _, t := range expr.Variables() {
		name, ok := stepName(t, 1)
		if t.RootName() != "local" || !ok || r.loader.locals[name] == nil {
			continue
		}
		v, done := r.locals[name]
		if !done {
			var diags hcl.Diagnostics
			if v, diags = r.value(r.loader.locals[name].expr, r.root); diags.HasErrors() {
				return cty.DynamicVal, diags
			}
			r.locals[name] = v
		}
		locals[name] = v
	}
	child := base.NewChild()
	child.Variables = map[string]cty.Value{}
	if len(locals) > 0 {
		child.Variables["local"] = cty.ObjectVal(locals)
	}
	child.Functions = r.functions(r.read)
	return expr.Value(child)
}

// read is secret(…) with its value.
func (r *revealing) read(source string) (cty.Value, error) {
	s, err := r.readSecret(r.ctx, source)
	if err != nil {
		if r.err == nil {
			r.err = err
		}
		return cty.UnknownVal(cty.String), err
	}
	return cty.StringVal(s).Mark(markSensitive), nil
}

// readSecret opens one source. A file's or command's last line end is not part of the secret, nor is a BOM.
func (l *loader) readSecret(ctx context.Context, source string) (string, error) {
	kind, what, _ := strings.Cut(source, ":")
	switch kind {
	case "env":
		v, ok := l.lookupEnv(what)
		switch {
		case v != "":
			return v, nil
		case ok:
			return "", fmt.Errorf("the environment variable %s is empty", what)
		}
		return "", fmt.Errorf("the environment variable %s is not set", what)
	case "file":
		b, err := afero.ReadFile(l.req.Fs, l.absolute(what))
		if err != nil {
			return "", fmt.Errorf("the file %s cannot be read: %w", what, err)
		}
		return trimSecret(b), nil
	}
	out, err := l.runCommand(ctx, what)
	if err != nil {
		return "", fmt.Errorf("the command of secret(\"cmd:…\") failed: %w", err)
	}
	return trimSecret(out), nil
}

func trimSecret(b []byte) string {
	s := strings.TrimPrefix(string(b), "\ufeff")
	return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
}

// runCommand runs a command line through the system's shell, in the working directory. What it prints to stderr is not
// repeated: it may hold the secret.
func (l *loader) runCommand(ctx context.Context, line string) ([]byte, error) {
	shell, flag := "/bin/sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	cmd := exec.CommandContext(ctx, shell, flag, line)
	cmd.Dir, cmd.Env = l.req.Dir, l.req.Environ
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil, fmt.Errorf("it ended with exit code %d", exit.ExitCode())
	}
	return out, err
}
