package csvschema_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"dropform/engine/csvschema"
)

func TestInfer(t *testing.T) {
	for _, tc := range []struct{ name, sample, want string }{
		{"german staff", encode(t, charmap.Windows1252, "Personalnummer;Name;PLZ;Eintritt;Bruttolohn;Tage;Zeit;Mail;Aktiv;Leer;Code\r\n"+
			"4711;Müller;04103;01.02.2020;1.234,50;12;07:30;a@b.de;ja;;007\r\n4712;\"Weiß; A.\";80331;29.02.2024;900;7;16:00;c@d.de;nein;;12\r\n"), `csv {
  encoding = "windows-1252"

  column "Personalnummer" {}

  column "Name" {}

  column "PLZ" {}

  column "Eintritt" {
    type   = "date"
    format = "DD.MM.YYYY"
  }

  column "Bruttolohn" {
    type      = "decimal"
    sensitive = true
  }

  column "Tage" {
    type = "integer"
  }

  column "Zeit" {
    type = "time"
  }

  column "Mail" {
    type = "email"
  }

  column "Aktiv" {
    type = "boolean"
  }

  column "Leer" {}

  column "Code" {}
}
`},
		{"points and commas", "a,b,c\n1.5,\"1,234.5\",1.000\n2.25,7.0,2.000\n", `csv {
  delimiter = ","

  column "a" {
    type    = "decimal"
    decimal = "."
    group   = ","
  }

  column "b" {
    type    = "decimal"
    decimal = "."
    group   = ","
  }

  column "c" {}
}
`},
		{"preamble, blank rows, damage", "Bericht\n\nNr;Text\n1;#NV\n;\n2;x\n", `csv {
  header_row   = 3
  blank_rows   = "skip"
  excel_damage = "warn"

  column "Nr" {
    type = "integer"
  }

  column "Text" {}
}
`},
		{"no names", "1;a\n2;b\n", "csv {\n  header = false\n\n  column \"1\" {\n    type = \"integer\"\n  }\n\n  column \"2\" {}\n}\n"},
		{"names that cannot be declared", "a;;a\n1;2;3\n", "csv {\n}\n"},
		{"awkward name", "a\"${b};c\nx;y\n", ""},
		{"awkward quoted name", "\"a\"\"${b}\";c\nx;y\n", "csv {\n  column \"a\\\"$${b}\" {}\n\n  column \"c\" {}\n}\n"},
		{"broken", "a;b\n1;2\n\"3;4\n", ""},
		{"workbook", "PK\x03\x04", ""},
		{"empty", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := csvschema.Infer(strings.NewReader(tc.sample))
			if (err != nil) != (tc.want == "") {
				t.Fatalf("err = %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestInferAcceptsTheCorpus needs no look at the blocks: Infer holds each against its sample before it answers.
func TestInferAcceptsTheCorpus(t *testing.T) {
	names, err := filepath.Glob("../../../shared/data/de_kerg2025_*")
	if err != nil || len(names) == 0 {
		t.Skip("the data folder is not here")
	}
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		block, err := csvschema.Infer(file)
		file.Close()
		if err != nil || !strings.HasPrefix(block, "csv {\n") {
			t.Errorf("%s: %v\n%s", name, err, block)
		}
	}
}
