package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/spf13/afero"

	"dropform/engine/durable"
)

// The probe is the least that a program has to do to carry files over with the same calls and the same durability: of each
// file a line in a journal before it is sent and after its protocol is on disk, both flushed together with those of others. It
// plans, validates and looks up nothing. How many files a second it carries says what the machine gives just now.

// probeVariable makes the test binary the probe: it names the server.
const probeVariable = "DROPFORM_TEST_PROBE"

// probe runs the probe over the site's folder and returns how many files a second went through.
func (s *figureSite) probe(b *testing.B, files int) float64 {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), self)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), probeVariable+"="+s.server.url)
	out, err := cmd.CombinedOutput()
	ended := time.Now()
	if err != nil || s.server.whole != files {
		b.Fatalf("%v: %d uploads of %d files\n%s", err, s.server.whole, files, out)
	}
	return float64(files) / ended.Sub(s.server.first).Seconds()
}

// runProbe carries the files of the folder "in" to the server, four at a time.
func runProbe(url string) error {
	journal, err := os.OpenFile("journal", os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer journal.Close()
	flusher, err := durable.OpenFlusher("journal")
	if err != nil {
		return err
	}
	defer flusher.Close()
	entries, err := os.ReadDir("in")
	if err != nil {
		return err
	}
	names := make(chan string)
	errs := make([]error, 4)
	var all sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: len(errs)}}
	for i := range errs {
		all.Go(func() {
			for name := range names {
				if errs[i] == nil {
					errs[i] = probeOne(client, url, name, func(text string) error {
						_, err := journal.WriteString(text)
						return errors.Join(err, flusher.Flush())
					})
				}
			}
		})
	}
	for _, e := range entries {
		names <- e.Name()
	}
	close(names)
	all.Wait()
	return errors.Join(errs...)
}

func probeOne(client *http.Client, url, name string, note func(string) error) error {
	path := filepath.Join("in", name)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := note(fmt.Sprintf("%s %s is sent\n", time.Now(), name)); err != nil {
		return err
	}
	var answer []byte
	for _, action := range []string{"Import", "GetProgress", "GetProtocol"} {
		r, err := client.Post(url+"/ImportStream.ashx?ImportAction="+action, "text/csv", bytes.NewReader(text))
		if err != nil {
			return err
		}
		text = nil // it leaves once
		answer, err = io.ReadAll(r.Body)
		if err := errors.Join(err, r.Body.Close()); err != nil {
			return err
		}
	}
	if err := durable.WriteFile(afero.NewOsFs(), path+".protocol.txt", 0o644, func(w io.Writer) error { _, err := w.Write(answer); return err }); err != nil {
		return err
	}
	return note(fmt.Sprintf("%s %s is done\n", time.Now(), name))
}
