package csvschema_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"testing"
	"time"

	"github.com/gocarina/gocsv"
	"golang.org/x/text/encoding/charmap"

	"dropform/engine/csvschema"
)

// staffColumns are 17 typed columns, two of them patterns, one an e-mail address and one an IBAN.
func staffColumns() []csvschema.Column {
	columns := []csvschema.Column{
		{Name: "PersonalNr", Type: "integer", Required: true},
		{Name: "Nachname", Required: true, MaxLength: 40},
		{Name: "Vorname", Required: true},
		{Name: "Straße", MaxLength: 60},
		{Name: "PLZ", Pattern: regexp.MustCompile(`\d{5}`)},
		{Name: "Ort"},
		{Name: "Geburtsdatum", Type: "date", Required: true, Min: "01.01.1900"},
		{Name: "Eintritt", Type: "date"},
		{Name: "Gehalt", Type: "decimal", Min: "0", Scale: 2, Sensitive: true},
		{Name: "Stunden", Type: "decimal", Max: "60"},
		{Name: "Abteilung", OneOf: []string{"Vertrieb", "Einkauf", "Geschäftsführung", "Lager"}},
		{Name: "Kostenstelle", Pattern: regexp.MustCompile(`[A-Z]{2}-\d{4}`)},
		{Name: "Mail", Type: "email"},
		{Name: "IBAN", Type: "iban"},
		{Name: "Aktiv", Type: "boolean"},
		{Name: "Beginn", Type: "time"},
		{Name: "Bemerkung"},
	}
	for i := range columns {
		columns[i].Group = '.'
		if columns[i].Scale == 0 {
			columns[i].Scale = -1
		}
	}
	return columns
}

// staffFile is a file of so many rows in UTF-8, every row of it right, or each with one wrong cell.
func staffFile(rows int, bad bool) []byte {
	var b bytes.Buffer
	for i, c := range staffColumns() {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(c.Name)
	}
	b.WriteString("\r\n")
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	for i := range rows {
		note := pick("", "", "\"seit Mai; befristet\"", "\"Zeile eins\r\nZeile zwei\"", "\"genannt \"\"Hannes\"\"\"", "läuft")
		salary := fmt.Sprintf("%d.%03d,%02d", 1+r.IntN(9), r.IntN(1000), r.IntN(100))
		if bad {
			salary = "viel"
		}
		fmt.Fprintf(&b, "%d;%s;%s;%s %d;%05d;%s;%02d.%02d.%d;%02d.%02d.%d;%s;%d,5;%s;%s-%04d;%s%d@firma-muster.de;%s;%s;%02d:%02d;%s\r\n",
			100000+i, pick("Müller", "Schmidt", "Weiß", "Jäger", "Becker", "Hoffmann"), pick("Jürgen", "Anna", "Käthe", "Peter", "Sabine"),
			pick("Hauptstraße", "Am Markt", "Bahnhofstraße", "Lindenweg"), 1+r.IntN(200), r.IntN(99999), pick("Wels", "Berlin", "Köln", "München"),
			1+r.IntN(28), 1+r.IntN(12), 1950+r.IntN(55), 1+r.IntN(28), 1+r.IntN(12), 1990+r.IntN(35), salary, 20+r.IntN(20),
			pick("Vertrieb", "Einkauf", "Geschäftsführung", "Lager"), pick("HR", "IT", "FI"), r.IntN(9999), pick("j.mueller", "anna", "p.weiss"), i,
			pick("DE89370400440532013000", "AT611904300234573201"), pick("ja", "nein"), r.IntN(24), r.IntN(60), note)
	}
	return b.Bytes()
}

// reportCPU adds the processor time of one operation: with several workers it is more than the time on the clock, and
// unlike that it says the same on a busy machine.
func reportCPU(b *testing.B, before time.Duration) {
	b.ReportMetric(float64((cpuTime()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

func run(b *testing.B, data []byte, s *csvschema.Schema, opt csvschema.Options, valid bool) {
	b.Helper()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	defer reportCPU(b, cpuTime())
	for b.Loop() {
		rep, err := csvschema.Validate(context.Background(), bytes.NewReader(data), int64(len(data)), s, opt)
		if err != nil || rep.Valid != valid {
			b.Fatalf("err %v, errors %d: %+v", err, rep.ErrorCount, rep.Errors[:min(3, len(rep.Errors))])
		}
	}
}

// BenchmarkValidate holds the figures that are promised: compare cpu-ms/op of the cases of one run.
func BenchmarkValidate(b *testing.B) {
	data := staffFile(40000, false)
	recoded, err := charmap.Windows1252.NewEncoder().Bytes(data)
	if err != nil {
		b.Fatal(err)
	}
	full := csvschema.Default()
	full.Columns = staffColumns()
	distinct := csvschema.Default()
	distinct.Columns = staffColumns()
	distinct.Columns[0].Unique = true
	known := csvschema.Default()
	known.Encoding = "windows-1252"
	known.ExcelDamage, known.Mojibake, known.FileReferences = csvschema.LevelAllow, csvschema.LevelAllow, csvschema.LevelAllow
	b.Run("structure", func(b *testing.B) { run(b, recoded, known, csvschema.Options{}, true) })
	b.Run("structure+utf-8", func(b *testing.B) { run(b, data, nil, csvschema.Options{}, true) })
	b.Run("typed", func(b *testing.B) { run(b, data, full, csvschema.Options{}, true) })
	b.Run("typed/workers=2", func(b *testing.B) { run(b, data, full, csvschema.Options{Workers: 2}, true) })
	b.Run("unique", func(b *testing.B) { run(b, data, distinct, csvschema.Options{}, true) })
	b.Run("bad", func(b *testing.B) { run(b, staffFile(40000, true), full, csvschema.Options{}, false) })
	b.Run("windows-1252", func(b *testing.B) { run(b, recoded, full, csvschema.Options{}, true) })
	b.Run("peer/encoding-csv", func(b *testing.B) { peer(b, data, readOnly) })
	b.Run("peer/encoding-csv/windows-1252", func(b *testing.B) { peer(b, recoded, readOnly) })
	b.Run("peer/gocsv", func(b *testing.B) { peer(b, data, decodeStrings) })
}

// peer runs over data with something else than this package.
func peer(b *testing.B, data []byte, read func(*csv.Reader) error) {
	b.Helper()
	b.SetBytes(int64(len(data)))
	defer reportCPU(b, cpuTime())
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(data))
		r.Comma = ';'
		if err := read(r); err != nil {
			b.Fatal(err)
		}
	}
}

func readOnly(r *csv.Reader) error {
	r.ReuseRecord = true
	for {
		if _, err := r.Read(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// member is a row of the file as gocsv gives it, without reading any value.
type member struct {
	PersonalNr, Nachname, Vorname            string
	Street                                   string `csv:"Straße"`
	PLZ, Ort, Geburtsdatum, Eintritt         string
	Gehalt, Stunden, Abteilung, Kostenstelle string
	Mail, IBAN, Aktiv, Beginn, Bemerkung     string
}

func decodeStrings(r *csv.Reader) error {
	var rows []member
	return gocsv.UnmarshalCSV(r, &rows)
}

// TestNoAllocationPerRow holds files of different length against each other: rows cost no allocation.
func TestNoAllocationPerRow(t *testing.T) {
	full := csvschema.Default()
	full.Columns = staffColumns()
	allocs := func(data []byte) float64 {
		return testing.AllocsPerRun(3, func() {
			rep, err := csvschema.Validate(context.Background(), bytes.NewReader(data), int64(len(data)), full, csvschema.Options{})
			if err != nil || !rep.Valid {
				t.Fatal(err, rep)
			}
		})
	}
	short, long := allocs(staffFile(2000, false)), allocs(staffFile(12000, false))
	if long > short+100 {
		t.Errorf("%v allocations for 2000 rows, %v for 12000", short, long)
	}
}
