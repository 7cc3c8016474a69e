package sandbox

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestBodyThatEndsShortLeavesNothing(t *testing.T) {
	c := start(t, Options{})
	session := c.login("Import")
	body, cut := io.Pipe()
	go func() {
		_, _ = io.WriteString(cut, "PersonalNr;Name\n1001;Halb\n")
		cut.CloseWithError(io.ErrClosedPipe)
	}()
	if r := c.call("Import", "Import", "", staffParams(session), body); r.err == nil {
		t.Errorf("a cut request was answered with %d", r.status)
	}
	if got := c.export(c.login("Export"), "Mitarbeiter", "Datenexport Gesamt", ""); strings.Contains(got, "Halb") {
		t.Error("half a body reached the table")
	}
	if len(c.server.Imports()) != 0 {
		t.Error("half a body was recorded")
	}
}

// rowSource writes n rows without holding them, hashes them, and calls probe
// at every hundred thousandth.
func rowSource(n int, digest io.Writer, probe func()) io.Reader {
	reader, writer := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(io.MultiWriter(writer, digest), 64<<10)
		_, _ = out.WriteString("PersonalNr;Name;Vorname;Eintritt;Abteilung\r\n")
		for i := range n {
			fmt.Fprintf(out, "%08d;Grünwald-Österreicher;Maximilian;01.02.2005;Fertigung\r\n", i)
			if i%100_000 == 99_999 {
				probe()
			}
		}
		writer.CloseWithError(out.Flush())
	}()
	return reader
}

// liveHeap is what is in use in bytes, garbage not counted.
func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestBigImportKeepsMemoryFlat(t *testing.T) {
	c := start(t, Options{})
	session := c.login("Import")
	const rows = 1_050_000 // about 66 MiB
	before, highest := liveHeap(), uint64(0)
	digest := sha256.New()
	body := rowSource(rows, digest, func() { highest = max(highest, liveHeap()) })
	id := c.field(c.call("Import", "Import", "", staffParams(session), body), "ImportId")
	if highest > before+16<<20 {
		t.Errorf("heap grew from %d to %d KiB", before>>10, highest>>10)
	}
	got := c.server.Imports()
	if len(got) != 1 || got[0].Rows != rows || got[0].Rejected != 0 || got[0].Size < 64<<20 || got[0].SHA256 != hex.EncodeToString(digest.Sum(nil)) {
		t.Errorf("recorded %+v", got)
	}
	protocol := c.good(c.call("Import", "GetProtocol", "", params{"SecurityId": session, "ImportId": id}, nil))
	if !strings.Contains(protocol, "Neu angelegt: 1050000\r\n") {
		t.Errorf("protocol\n%s", protocol)
	}
}

func TestManySmallImportsAtOnce(t *testing.T) {
	c := start(t, Options{})
	session := c.login("Import")
	const workers, each = 8, 40
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := range each {
				text := fmt.Sprintf("PersonalNr;Name\n%d;W%d\n", 5000+w*each+i, w)
				c.call("Import", "Import", "", staffParams(session), strings.NewReader(text))
				c.call("Export", "LoginAndExport", "", params{
					"authorization": basic(DemoUser, DemoPassword), "ObjectName": "Mitarbeiter", "MethodName": "Datenexport Gesamt",
				}, nil)
				c.server.Imports()
			}
		})
	}
	wait.Wait()
	if got := len(c.server.Imports()); got != workers*each {
		t.Errorf("%d imports recorded, want %d", got, workers*each)
	}
	all := c.export(c.login("Export"), "Mitarbeiter", "Datenexport Gesamt", "")
	if got := strings.Count(all, "\r\n"); got != 1+40+workers*each {
		t.Errorf("%d lines, want %d", got, 1+40+workers*each)
	}
	if got := c.server.Calls(); got["Import"] != workers*each || got["Export/LoginAndExport"] != workers*each || got["Login"] != 2 {
		t.Errorf("calls %v", got)
	}
	if got := c.server.MaxConcurrentJobs(); got < 1 || got > workers {
		t.Errorf("max concurrent jobs %d", got)
	}
}
