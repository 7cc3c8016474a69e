package csvschema_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"dropform/engine/csvschema"
)

// contender is one way to read the file, with the least it has cost so far.
type contender struct {
	name        string
	run         func() error
	cpu, onWall time.Duration
}

// BenchmarkRatios prints in one line what is promised about speed. The contenders take turns, and the least that each has
// cost counts, so that what else the machine does falls on all of them alike. More rounds: -benchtime 60x.
func BenchmarkRatios(b *testing.B) {
	data := staffFile(40000, false)
	recoded, err := charmap.Windows1252.NewEncoder().Bytes(data)
	if err != nil {
		b.Fatal(err)
	}
	wrong := staffFile(40000, true)
	typed := csvschema.Default()
	typed.Columns = staffColumns()
	known := csvschema.Default()
	known.Encoding = "windows-1252"
	known.ExcelDamage, known.Mojibake, known.FileReferences = csvschema.LevelAllow, csvschema.LevelAllow, csvschema.LevelAllow
	ours := func(data []byte, s *csvschema.Schema, workers int) func() error {
		return func() error {
			_, err := csvschema.Validate(context.Background(), bytes.NewReader(data), int64(len(data)), s, csvschema.Options{Workers: workers})
			return err
		}
	}
	peer := func(data []byte, read func(*csv.Reader) error) func() error {
		return func() error {
			r := csv.NewReader(bytes.NewReader(data))
			r.Comma = ';'
			return read(r)
		}
	}
	encodingCSV := &contender{name: "encoding/csv", run: peer(data, readOnly)}
	encodingCSV1252 := &contender{name: "encoding/csv windows-1252", run: peer(recoded, readOnly)}
	gocsv := &contender{name: "gocsv", run: peer(data, decodeStrings)}
	structure := &contender{name: "structure windows-1252", run: ours(recoded, known, 0)}
	structureUTF8 := &contender{name: "structure utf-8", run: ours(data, nil, 0)}
	all := &contender{name: "typed", run: ours(data, typed, 0)}
	two := &contender{name: "typed two workers", run: ours(data, typed, 2)}
	bad := &contender{name: "bad", run: ours(wrong, typed, 0)}
	list := []*contender{encodingCSV, encodingCSV1252, structure, structureUTF8, all, two, bad, gocsv}
	round := func() {
		for _, c := range list {
			cpu, started := cpuTime(), time.Now()
			if err := c.run(); err != nil {
				b.Fatal(c.name, err)
			}
			wall := time.Since(started)
			if used := cpuTime() - cpu; c.cpu == 0 || used < c.cpu {
				c.cpu = used
			}
			if c.onWall == 0 || wall < c.onWall {
				c.onWall = wall
			}
		}
	}
	for range 10 {
		round()
	}
	for b.Loop() {
		round()
	}
	for _, c := range list {
		b.Logf("%-26s %7.2f ms of processor time, %7.2f ms on the clock", c.name, ms(c.cpu), ms(c.onWall))
	}
	b.ReportMetric(ratio(encodingCSV1252.cpu, structure.cpu), "structure/csv")
	b.ReportMetric(ratio(encodingCSV.cpu, structureUTF8.cpu), "structure-utf8/csv")
	b.ReportMetric(ratio(encodingCSV.cpu, all.cpu), "typed/csv")
	b.ReportMetric(ratio(gocsv.cpu, all.cpu), "typed/gocsv")
	b.ReportMetric(ratio(all.onWall, two.onWall), "two/one")
	b.ReportMetric(ratio(bad.cpu, all.cpu), "bad:good")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
