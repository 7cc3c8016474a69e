package hcl

import (
	"fmt"
	"path/filepath"
	"regexp"
	"time"

	"github.com/hashicorp/hcl/v2"

	"dropform/engine"
)

// buildImport fills in the defaults of LANGUAGE.md, import.
func buildImport(in *instance, n *node, declared engine.Declared) *engine.Import {
	i := &engine.Import{
		Declared: declared, Connection: in.builtConnection(n), DropFolder: in.buildDropFolder(n),
		Object: get(n, "object", ""), Method: get(n, "method", ""), Email: get(n, "email", ""),
		Order: get(n, "order", "name"), OnError: get(n, "on_error", "skip"),
		Duplicates: get(n, "duplicates", "skip"), OnUnknown: get(n, "on_unknown", "hold"),
		WaitForResult: get(n, "wait_for_result", false),
	}
	protocol := n.child("protocol")
	path := get[*lateText](protocol, "path", nil)
	i.Protocol = engine.Protocol{
		Path: path.file(), Failed: get[*regexp.Regexp](protocol, "failed", nil), Warn: get[*regexp.Regexp](protocol, "warn", nil),
		Encoding: get(protocol, "encoding", ""),
	}
	if path == nil {
		i.Protocol.Path = defaultProtocolPath
	}
	if i.Protocol.Encoding == "auto" {
		i.Protocol.Encoding = ""
	}
	if i.Folder != "" {
		in.checkReports(n, i, path)
		in.checkArchive(n, i.Folder, i.Match)
		in.watches(n, i.Folder, i.Match, i.Ignore)
	}
	return i
}

// buildDropFolder fills in what imports and rules have in common. A rule has no poll: its folder is swept at the default.
func (in *instance) buildDropFolder(n *node) engine.DropFolder {
	return engine.DropFolder{
		Folder: get(n, "folder", ""), Match: get(n, "match", []string{"*.csv"}), Ignore: get(n, "ignore", []string(nil)),
		MinSize: get(n, "min_size", int64(1)), Settle: get(n, "settle", time.Duration(0)),
		ReadyFile: get[*lateText](n, "ready_file", nil).file(), Poll: get(n, "poll", 30*time.Second),
		CSV: in.buildCSV(n.child("csv")), Archive: in.buildArchive(n),
	}
}

func defaultProtocolPath(f engine.FileScope) (string, error) { return f.Name + ".protocol.txt", nil }

// builtConnection is the connection that the block refers to, nil where it is wrong.
func (in *instance) builtConnection(n *node) *engine.Connection {
	ref := get[*connectionRef](n, "connection", nil)
	if ref == nil {
		return nil
	}
	return in.built[ref.address]
}

// buildArchive makes the folders absolute: they start at the working directory, not at the file.
func (in *instance) buildArchive(n *node) *engine.Archive {
	a := n.child("archive")
	if a == nil {
		return nil
	}
	return &engine.Archive{Folder: in.fromHere(a, "folder"), FailedFolder: in.fromHere(a, "failed_folder"), Keep: get(a, "keep", engine.Keep{})}
}

// fromHere is a late path that starts at the working directory, nil where it is not set.
func (in *instance) fromHere(n *node, name string) engine.FileText {
	t := get[*lateText](n, name, nil)
	if t == nil {
		return nil
	}
	t.absolute = true
	return t.file()
}

// checkReports looks for a protocol or marker that the block would take as input itself.
func (in *instance) checkReports(n *node, i *engine.Import, protocol *lateText) {
	in.checkTaken(n, "ready_file", get[*lateText](n, "ready_file", nil), i.Folder, i.Match, i.Ignore)
	in.checkTaken(n.child("protocol"), "path", protocol, i.Folder, i.Match, i.Ignore)
}

func (in *instance) checkTaken(n *node, name string, t *lateText, folder string, match, ignore []string) {
	if t == nil {
		return
	}
	if written, pattern := t.takenBy(in, folder, match, ignore); written != "" {
		in.add(problem{
			code: "report_would_be_taken", summary: "The block would take its own report as input", rng: n.at(name), in: in.place,
			detail: fmt.Sprintf("%s gives names like %q in the drop folder, and match takes %q. Write it elsewhere, give it another ending, or narrow match.", name, written, pattern),
		})
	}
}

// checkArchive looks for archive folders that are the drop folder itself.
func (in *instance) checkArchive(n *node, folder string, match []string) {
	archive := n.child("archive")
	for _, name := range []string{"folder", "failed_folder"} {
		t := get[*lateText](archive, name, nil)
		if t == nil {
			continue
		}
		if s := t.sample(sampleName(match[0])); s != "" && filepath.Clean(s) == folder {
			in.add(problem{
				code: "archive_in_folder", summary: "Archived files would land in the drop folder", rng: archive.at(name), in: in.place,
				detail: fmt.Sprintf("%s is the folder that the block reads from. Name another one.", name),
			})
		}
	}
}

// A watched folder is taken from by one block instance.
type watched struct {
	in            *instance
	at            hcl.Range
	folder        string
	match, ignore []string
}

func (in *instance) watches(n *node, folder string, match, ignore []string) {
	in.watched = append(in.watched, &watched{in: in, at: n.at("folder"), folder: folder, match: match, ignore: ignore})
}
