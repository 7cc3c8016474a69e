package engine_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/spf13/afero"
	"golang.org/x/text/encoding/charmap"

	"dropform/engine"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

// sendAs is an import whose files leave in the encoding given.
func sendAs(name string, lines ...string) string {
	return head + with(staff, append(lines, "csv {\n    send_encoding = \""+name+"\"\n  }")...)
}

func latin(t testing.TB, text string) string {
	t.Helper()
	out, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func utf16le(text string) string {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// arrived checks which texts the server got, in order and byte for byte.
func (r *rig) arrived(texts ...string) {
	r.t.Helper()
	imports := r.box.Imports()
	for i, text := range texts {
		if len(imports) != len(texts) || imports[i].SHA256 != digestOf(text) || imports[i].Size != int64(len(text)) {
			r.t.Fatalf("%d arrived, wanted %d; number %d: %+v", len(imports), len(texts), i+1, imports)
		}
	}
}

// works lists what the ledger has of a file.
func (r *rig) works(address, item string) (found []ledger.Work) {
	r.t.Helper()
	reader, err := ledger.OpenReader(context.Background(), r.ledgerPath())
	if err != nil {
		r.t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.View(context.Background(), func(v *ledger.View) error {
		found, err = v.WorkOf(address, item)
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return found
}

// TestSendEncoding: what arrives is the text in the encoding asked for, what is filed is the file as it was dropped, and the
// ledger has both digests. Small files leave from memory, large ones as a stream.
func TestSendEncoding(t *testing.T) {
	t.Parallel()
	for size, text := range map[string]string{"small": goodCSV, "large": large("Müller")} {
		win, wide := latin(t, text), utf16le(text)
		for _, tc := range []struct{ name, dropped, to, sent string }{
			{"windows-1252 to utf-8", win, "utf-8", text},
			{"utf-8 to windows-1252", text, "windows-1252", win},
			{"a mark is not carried over", "\ufeff" + text, "iso-8859-1", win},
			{"nor into utf-8", "\ufeff" + text, "utf-8", text},
			{"utf-16le to utf-8", wide, "utf-8", text},
			{"utf-8 to utf-16le", text, "utf-16le", wide},
			{"nothing to do", win, "windows-1252", win},
		} {
			if size == "large" && tc.to != "utf-8" {
				continue // streaming is the same for all; three are enough
			}
			t.Run(size+" "+tc.name, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				cfg := r.load(sendAs(tc.to, toDone))
				r.write("in/a.csv", tc.dropped)
				expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
				r.arrived(tc.sent)
				if r.read("done/a.csv") != tc.dropped || r.exists("in/a.csv") {
					t.Error("the file that was filed is not the one that was dropped")
				}
				w := r.works("import.staff", "a.csv")
				if len(w) != 1 || w[0].Digest != digestOf(tc.sent) || w[0].SourceDigest != digestOf(tc.dropped) || w[0].Size != int64(len(tc.sent)) {
					t.Errorf("recorded: %+v", w)
				}
			})
		}
	}
}

func TestSendEncodingIsToldInThePlan(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(sendAs("utf-8"))
	r.write("in/a.csv", latin(t, goodCSV))
	r.write("in/b.csv", rows("2"))
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, lines(p), "+ import.staff[a.csv] new", "+ import.staff[b.csv] new")
	if p.Actions[0].Text != "windows-1252, sent as utf-8" || p.Actions[1].Text != "" {
		t.Errorf("%q, %q", p.Actions[0].Text, p.Actions[1].Text)
	}
}

// TestContentIsWhatLeaves: one list in two encodings is one content, whichever comes first, also within one plan.
func TestContentIsWhatLeaves(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(sendAs("utf-8", toDone))
	r.write("in/a.csv", latin(t, goodCSV))
	r.write("in/b.csv", "\ufeff"+goodCSV)
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, lines(p), "+ import.staff[a.csv] new", "= import.staff[b.csv] already imported")
	if want := "the same content as import.staff[a.csv]"; p.Actions[1].Text != want {
		t.Errorf("%q", p.Actions[1].Text)
	}
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	r.write("in/c.csv", goodCSV)
	r.write("in/d.csv", utf16le(goodCSV))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "= import.staff[c.csv] already imported", "= import.staff[d.csv] already imported")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 2, 0, 0, 0, 0)
	r.arrived(goodCSV)
	if r.read("done/d.csv") != utf16le(goodCSV) {
		t.Error("the duplicate was not filed as it was dropped")
	}
}

// TestChangedSendEncodingRepeatsNothing: what is done is known by the file's own bytes.
func TestChangedSendEncodingRepeatsNothing(t *testing.T) {
	t.Parallel()
	plain, before, after := head+staff, sendAs("utf-8"), sendAs("windows-1252")
	for name, change := range map[string][2]string{"changed": {before, after}, "set": {plain, before}, "taken away": {before, plain}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.write("in/a.csv", latin(t, goodCSV))
			r.apply(r.load(change[0]), engine.PlanOptions{})
			cfg := r.load(change[1])
			expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})))
			r.age("in/a.csv", 0)
			p := r.plan(cfg, engine.PlanOptions{})
			expectLines(t, lines(p))
			if len(p.Recognised) != 1 {
				t.Errorf("recognised: %+v", p.Recognised)
			}
			// Under another name nobody can know what is meant.
			r.write("in/b.csv", latin(t, goodCSV))
			expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.staff[b.csv] seen before")
			if n := len(r.box.Imports()); n != 1 {
				t.Errorf("%d imports", n)
			}
		})
	}
}

// TestSeenInAnotherEncoding: the file was filed and is dropped again after send_encoding was changed, perhaps because what
// arrived was wrong. A person says what is meant.
func TestSeenInAnotherEncoding(t *testing.T) {
	t.Parallel()
	again := func(t *testing.T) (*rig, *engine.Config) {
		r := newRig(t)
		r.write("in/a.csv", latin(t, goodCSV))
		r.apply(r.load(head+with(staff, toDone)), engine.PlanOptions{})
		cfg := r.load(sendAs("utf-8", toDone))
		r.write("in/a.csv", latin(t, goodCSV))
		p := r.plan(cfg, engine.PlanOptions{})
		expectLines(t, lines(p), "? import.staff[a.csv] seen before")
		if !strings.Contains(p.Actions[0].Text, "in another encoding") {
			t.Errorf("%q", p.Actions[0].Text)
		}
		return r, cfg
	}
	t.Run("retry", func(t *testing.T) {
		t.Parallel()
		r, cfg := again(t)
		if err := r.retry(cfg, "import.staff[a.csv]"); err != nil {
			t.Fatal(err)
		}
		expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] retry")
		expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
		r.arrived(latin(t, goodCSV), goodCSV)
		r.write("in/b.csv", latin(t, goodCSV))
		expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "= import.staff[b.csv] already imported")
	})
	t.Run("adopt", func(t *testing.T) {
		t.Parallel()
		r, cfg := again(t)
		if err := r.adopt(cfg, "import.staff[a.csv]"); err != nil {
			t.Fatal(err)
		}
		expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})))
		r.write("in/b.csv", goodCSV) // the content that was adopted, in its other form
		expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "= import.staff[b.csv] already imported")
		r.arrived(latin(t, goodCSV))
	})
}

// TestAdoptedInAnotherEncoding: what was counted as done is known in each encoding, also where it could not be sent at all.
func TestAdoptedInAnotherEncoding(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(sendAs("windows-1252"))
	r.write("in/a.csv", goodCSV)
	r.write("in/b.csv", rows("Wałęsa"))
	if err := r.adopt(cfg, "import.staff"); err != nil {
		t.Fatal(err)
	}
	r.write("in/c.csv", latin(t, goodCSV))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "= import.staff[c.csv] already imported")
}

// TestRecodedUpToTheEnd: an upload whose answer was lost, or that was stopped, ends as any other does: the file that is known
// by its own bytes is filed.
func TestRecodedUpToTheEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, r *rig, cfg *engine.Config){
		"interrupted": func(t *testing.T, r *rig, cfg *engine.Config) {
			r.stopWhileRunning(cfg)
			expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "> import.staff[a.csv] interrupted")
		},
		"unknown": func(t *testing.T, r *rig, cfg *engine.Config) {
			r.loseAnswer()
			r.apply(cfg, engine.PlanOptions{})
			expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.staff[a.csv] outcome unknown")
			if err := r.resolve(cfg, "import.staff[a.csv]", true); err != nil {
				t.Fatal(err)
			}
			expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "> import.staff[a.csv] interrupted") // only to be filed
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(sendAs("utf-8", toDone))
			r.write("in/a.csv", latin(t, goodCSV))
			end(t, r, cfg)
			expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
			r.arrived(goodCSV)
			if r.read("done/a.csv") != latin(t, goodCSV) || r.exists("in/a.csv") {
				t.Errorf("in: %q, done: %q", r.names("in"), r.names("done"))
			}
			r.write("in/b.csv", goodCSV)
			expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "= import.staff[b.csv] already imported")
		})
	}
}

// TestUnknownInAnotherEncoding: nothing is sent in a new encoding while it is not known what became of the old one, also where
// on_unknown lets it be sent again.
func TestUnknownInAnotherEncoding(t *testing.T) {
	t.Parallel()
	for _, onUnknown := range []string{"hold", "retry"} {
		r := newRig(t)
		r.write("in/a.csv", latin(t, goodCSV))
		r.loseAnswer()
		r.apply(r.load(head+with(staff, "on_unknown = \""+onUnknown+"\"")), engine.PlanOptions{})
		cfg := r.load(sendAs("utf-8", "on_unknown = \""+onUnknown+"\""))
		expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.staff[a.csv] outcome unknown")
		if err := r.resolve(cfg, "import.staff[a.csv]", false); err != nil {
			t.Fatal(err)
		}
		expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] new")
		r.apply(cfg, engine.PlanOptions{})
		r.arrived(latin(t, goodCSV), goodCSV)
	}
}

// TestRefusedThenRecoded: the refused content is not what is sent now, so its record is not touched.
func TestRefusedThenRecoded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("in/a.csv", latin(t, goodCSV))
	r.refuse()
	r.apply(r.load(head+staff), engine.PlanOptions{})
	cfg := r.load(sendAs("utf-8"))
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] new")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	r.arrived(goodCSV)
	w := r.works("import.staff", "a.csv")
	if len(w) != 2 || w[0].State != ledger.StateRefused || w[0].Digest == w[1].Digest || w[1].State != ledger.StateDone {
		t.Errorf("%+v", w)
	}
}

// TestUnmappableFileIsRejected: before anything is sent, with the place and without what is sensitive.
func TestUnmappableFileIsRejected(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := head + with(staff, "csv {\n    send_encoding = \"windows-1252\"\n    columns = \"any\"\n    column \"Vorname\" {\n      sensitive = true\n    }\n  }")
	cfg := r.load(text)
	r.write("in/a.csv", "PersonalNr;Name;Vorname\n1;Müller;Lech\n2;Wałęsa;Łucja\n")
	p := r.plan(cfg, engine.PlanOptions{})
	expectLines(t, lines(p), "x import.staff[a.csv] invalid")
	r.apply(cfg, engine.PlanOptions{})
	r.arrived()
	report := r.read("in/a.csv.errors.txt")
	for _, want := range []string{"unmappable: line 3, record 2, column \"Name\" (2), byte 43", "Wałęsa", "'ł' (U+0142)", "column \"Vorname\" (3)", "***"} {
		if !strings.Contains(report, want) {
			t.Errorf("no %q in\n%s", want, report)
		}
	}
	if strings.Contains(report, "Łu") || strings.Contains(report, "'Ł'") {
		t.Errorf("a sensitive value shows:\n%s", report)
	}
	// Other rules look at it anew.
	expectLines(t, lines(r.plan(r.load(strings.Replace(text, "windows-1252", "utf-16le", 1)), engine.PlanOptions{})), "+ import.staff[a.csv] new")
}

// TestMaxUploadBoundsWhatLeaves: a file may shrink below the bound by being recoded, or grow past it.
func TestMaxUploadBoundsWhatLeaves(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bound := func(text string) string {
		return strings.Replace(text, "retry {", "max_upload = \"80B\"\n  retry {", 1)
	}
	r.write("in/a.csv", utf16le(goodCSV)) // 59 characters
	expectLines(t, lines(r.plan(r.load(bound(sendAs("utf-8"))), engine.PlanOptions{})), "+ import.staff[a.csv] new")
	expectLines(t, lines(r.plan(r.load(bound(head+staff)), engine.PlanOptions{})), "x import.staff[a.csv] too large")
	r.write("in/a.csv", goodCSV)
	expectLines(t, lines(r.plan(r.load(bound(sendAs("utf-16le"))), engine.PlanOptions{})), "x import.staff[a.csv] too large")
}

// TestRecodedFileChangesWhileItIsSent: both digests have to be the planned ones, else the request is cut.
func TestRecodedFileChangesWhileItIsSent(t *testing.T) {
	t.Parallel()
	before := latin(t, large("Müller"))
	for name, after := range map[string]string{
		"other text":                      strings.Replace(before, "0199999;M\xfcller", "0199999;M\xf6ller", 1),
		"a byte that cannot be read":      strings.Replace(before, "0199999;M\xfcller", "0199999;M\x81ller", 1),
		"shorter only once it is recoded": strings.Replace(before, "0199999;M\xfcller", "0199999;Muller", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			cfg := r.load(sendAs("utf-8"))
			r.write("in/a.csv", before)
			real, opened := r.fs, 0
			r.fs = &tamperFs{Fs: real, file: func(f afero.File) afero.File {
				if !strings.HasSuffix(f.Name(), "a.csv") {
					return f
				}
				if opened++; opened == 1 { // the planner's reading
					return f
				}
				return &midway{File: f, left: int64(len(before) / 2), do: func() {
					info, err := os.Stat(r.path("in/a.csv"))
					if err != nil {
						t.Error(err)
						return
					}
					r.write("in/a.csv", after)
					if err := os.Chtimes(r.path("in/a.csv"), info.ModTime(), info.ModTime()); err != nil {
						t.Error(err)
					}
				}}
			}}
			expectTally(t, r.apply(cfg, engine.PlanOptions{}), 0, 0, 0, 0, 1)
			r.arrived()
		})
	}
}

// TestBothDigestsAreVerified: a file that is still the planned one is not sent either when its text would leave as something
// else than what was planned.
func TestBothDigestsAreVerified(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"small": goodCSV, "large": large("Müller")} {
		for _, change := range []func(*engine.Sending){
			func(s *engine.Sending) { s.Digest = digestOf("another") },
			func(s *engine.Sending) { s.Size-- },
			func(s *engine.Sending) { s.Size++ },
			func(s *engine.Sending) { s.From = "iso-8859-15" },
		} {
			r := newRig(t)
			cfg := r.load(sendAs("utf-8"))
			r.write("in/a.csv", latin(t, strings.Replace(text, "ü", "€", 1)))
			s := r.session(false)
			plan, err := r.planner(s.l).Plan(t.Context(), cfg, engine.PlanOptions{})
			if err != nil {
				t.Fatal(err)
			}
			change(&plan.Actions[0].File.Send)
			tally, err := s.r.Apply(t.Context(), t.Context(), cfg, plan)
			if err != nil {
				t.Fatal(err)
			}
			expectTally(t, tally, 0, 0, 0, 0, 1)
			r.arrived()
			s.close(t)
			if t.Failed() {
				t.Fatal(name)
			}
		}
	}
}

// TestUnknownIsSentAgainFromAnotherFile: on_unknown = "retry" sends the content, whichever file it comes from.
func TestUnknownIsSentAgainFromAnotherFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(sendAs("utf-8", `on_unknown = "retry"`))
	r.write("in/a.csv", latin(t, goodCSV))
	r.loseAnswer()
	r.apply(cfg, engine.PlanOptions{})
	if err := os.Remove(r.path("in/a.csv")); err != nil {
		t.Fatal(err)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "? import.staff[a.csv] outcome unknown")
	r.write("in/b.csv", goodCSV)
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[b.csv] retry")
	expectTally(t, r.apply(cfg, engine.PlanOptions{}), 1, 0, 0, 0, 0)
	r.arrived(goodCSV, goodCSV)
	if w := r.works("import.staff", "b.csv"); len(w) != 1 || w[0].SourceDigest != digestOf(goodCSV) || w[0].State != ledger.StateDone {
		t.Errorf("%+v", w)
	}
}

// TestFailedRecodedFile: a failure is listed, holds back what comes after it, and is followed by a retry, as of any other file.
func TestFailedRecodedFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cfg := r.load(sendAs("utf-8", `on_error = "stop"`))
	r.write("in/a.csv", latin(t, goodCSV))
	r.write("in/b.csv", rows("2"))
	r.inject(sandbox.Fault{Kind: sandbox.FaultFailJob, Times: 1})
	r.apply(cfg, engine.PlanOptions{})
	if st := r.status(cfg); len(st.Items) == 0 || st.Items[0].Address != "import.staff[a.csv]" || st.Items[0].State != "failed" {
		t.Errorf("status: %+v", st.Items)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})))
	if err := r.retry(cfg, "import.staff[a.csv]"); err != nil {
		t.Fatal(err)
	}
	expectLines(t, lines(r.plan(cfg, engine.PlanOptions{})), "+ import.staff[a.csv] retry", "+ import.staff[b.csv] new")
}
