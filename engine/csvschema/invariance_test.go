package csvschema_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"dropform/engine/csvschema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// everything is the whole report as bytes: what any of the outputs would show.
func everything(t interface{ Fatal(...any) }, text string, s *csvschema.Schema, opt csvschema.Options, oneByte bool) string {
	var r interface {
		Read([]byte) (int, error)
	} = strings.NewReader(text)
	if oneByte {
		r = &oneByteSeeker{strings.NewReader(text)}
	}
	rep, err := csvschema.Validate(context.Background(), r, int64(len(text)), s, opt)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := csvschema.WriteJSON(&out, csvschema.Checked{Report: rep}); err != nil {
		t.Fatal(err)
	}
	if err := rep.WriteRejected(&out, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return out.String() + strings.Join(rep.Header, "|")
}

// oneByteSeeker delivers a byte at a time.
type oneByteSeeker struct{ *strings.Reader }

func (o *oneByteSeeker) Read(p []byte) (int, error) { return iotest.OneByteReader(o.Reader).Read(p) }

// TestReportDoesNotDependOnBufferOrWorkers draws files out of the pieces that make scanning hard.
func TestReportDoesNotDependOnBufferOrWorkers(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"1", "22", "x", "ä", "€", "Ã¤", "\xe4", "\x81", ";", ";", ";", "\n", "\n", "\r\n", "\r", "\"", "\"\"", "\"a\"", "\"b\nc\"",
		"\"d\r\ne\"", "#NV", "01.02.2024", "1.234,5", " ", "\x00", "C:\\x\\y", "1;2;3\n", "4;ja;\"ü\"\n", "7;8;9\r\n",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(t, "pieces"), "")
		if rapid.Bool().Draw(t, "header") {
			text = "A;B;C\n" + text
		}
		switch rapid.IntRange(0, 9).Draw(t, "form") {
		case 0:
			text = "\ufeff" + text
		case 1:
			text = wide(strings.ToValidUTF8(text, "?"))
		case 2:
			if recoded, err := charmap.Windows1252.NewEncoder().String(strings.ToValidUTF8(text, "?")); err == nil {
				text = recoded
			}
		}
		s := csvschema.Default()
		s.Encoding = rapid.SampledFrom([]string{"auto", "auto", "utf-8", "windows-1252", "iso-8859-15"}).Draw(t, "encoding")
		s.Header = rapid.Bool().Draw(t, "named")
		s.HeaderRow = rapid.IntRange(1, 3).Draw(t, "headerRow")
		s.SkipFooter = rapid.IntRange(0, 2).Draw(t, "footer")
		s.MaxRecord = rapid.SampledFrom([]int64{8, 20, 1 << 20}).Draw(t, "maxRecord")
		s.MaxErrors = rapid.SampledFrom([]int{1, 3, 1000}).Draw(t, "maxErrors")
		s.MaxRows = rapid.Int64Range(0, 4).Draw(t, "maxRows")
		s.BlankRows = rapid.SampledFrom([]string{"error", "skip"}).Draw(t, "blank")
		s.UniqueRows = rapid.Bool().Draw(t, "uniqueRows")
		if rapid.Bool().Draw(t, "columns") {
			s.ColumnsMode = "at_least"
			s.Columns = []csvschema.Column{
				{Name: "A", Type: "integer", Unique: true, Scale: -1},
				{Name: "B", Required: true, MaxLength: 3, Sensitive: true},
				{Name: "C", Type: "decimal", Group: '.', Scale: -1, Optional: true},
			}
			s.Keys = [][]string{{"A", "B"}}
		}
		want := everything(t, text, s, csvschema.Options{}, false)
		opt := csvschema.Options{Buffer: rapid.IntRange(1, 40).Draw(t, "buffer"), Workers: rapid.IntRange(0, 4).Draw(t, "workers")}
		if diff := cmp.Diff(want, everything(t, text, s, opt, rapid.Bool().Draw(t, "oneByte"))); diff != "" {
			t.Fatalf("%+v: %q (-whole +pieces):\n%s", opt, text, diff)
		}
	})
}
