package hcl

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/spf13/afero"
)

const (
	defaultVars = "dropform.vars.hcl"
	varsSuffix  = ".vars.hcl"
	autoSuffix  = ".auto.vars.hcl"
	jsonSuffix  = ".json"
)

// SourceFiles lists which files of a folder count: those of the configuration, and those that set variables by
// themselves (dropform.vars.hcl first, then *.auto.vars.hcl, each also with .json), as base names in the order in which they are read. The
// error is that of listing the folder.
func SourceFiles(fsys afero.Fs, dir string) (config, vars []string, err error) {
	entries, err := afero.ReadDir(fsys, dir)
	if err != nil {
		return nil, nil, err
	}
	first := []string{}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || !isFile(fsys, dir, e) {
			continue
		}
		switch syntax := strings.TrimSuffix(name, jsonSuffix); {
		case syntax == defaultVars:
			first = append(first, name)
		case strings.HasSuffix(syntax, autoSuffix):
			vars = append(vars, name)
		case strings.HasSuffix(syntax, varsSuffix):
		case strings.HasSuffix(syntax, ".hcl"):
			config = append(config, name)
		}
	}
	return config, append(first, vars...), nil
}

// isFile follows a link, so that a linked configuration file counts and a folder named x.hcl does not.
func isFile(fsys afero.Fs, dir string, e fs.FileInfo) bool {
	if e.Mode()&fs.ModeSymlink != 0 {
		target, err := fsys.Stat(filepath.Join(dir, e.Name()))
		return err == nil && !target.IsDir()
	}
	return !e.IsDir()
}

// parse reads one file in the syntax that its name tells. Complaints are recorded; the body is nil when there is none.
func (l *loader) parse(name string) hcl.Body {
	full := name
	if !filepath.IsAbs(full) {
		full = filepath.Join(l.req.Dir, name)
	}
	src, err := afero.ReadFile(l.req.Fs, full)
	if err != nil {
		l.add(problem{
			code: "file_unreadable", summary: "Cannot read " + name, detail: readError(err),
			rng: hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos},
		})
		return nil
	}
	src = bytes.TrimPrefix(src, utf8BOM)
	if l.notUTF8(name, src) {
		return nil
	}
	var file *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(name, jsonSuffix) {
		file, diags = json.Parse(src, name)
		l.findZerosInJSON(name, src)
	} else {
		var pieces []piece
		file, diags, pieces = parseNative(src, name)
		l.findZeros(name, pieces)
	}
	if file == nil {
		file = &hcl.File{Bytes: src}
	}
	file.Bytes = src
	l.files[name] = file
	l.addSyntax(name, diags)
	body := file.Body
	if native, ok := body.(*hclsyntax.Body); ok {
		file.Nav = outlineOf(native)
	}
	file.Body = nil // each block's tree is let go of when it has been decoded
	return body
}

// readError says why a file could not be read, without the path that the caller names already.
func readError(err error) string {
	var path *fs.PathError
	if asError(err, &path) {
		err = path.Err
	}
	return "The system says: " + err.Error() + "."
}
