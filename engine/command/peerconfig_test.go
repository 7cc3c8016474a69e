package command_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tenBlocks is what a benchmarked configuration repeats: ten blocks of the kinds that people mix, each with the attributes
// that they have in real life. @ is the number of the ten.
const tenBlocks = `connection "perbit" "hr@" {
  url         = "https://perbit@.example.com/webApi"
  customer_id = var.customer_id
  username    = "API-Import-User"
  password    = secret("env:PERBIT_PASSWORD")
}

connection "conbox" "shop@" {
  url          = "https://conbox@.example.com/service"
  username     = "erp"
  password     = secret("env:CONBOX_PASSWORD")
  user_code    = "ERP01"
  user_api_key = secret("env:CONBOX_KEY")
}

import "staff@" {
  connection = connection.perbit.hr@
  folder     = "staff/@"
  match      = ["*.csv", "*.txt"]
  object     = "Mitarbeiter"
  method     = "Import Mitarbeiterstammdaten @"

  csv {
    encoding = "windows-1252"

    column "PersonalNr" {
      type     = "integer"
      required = true
      unique   = true
    }

    column "Name" {
      required   = true
      max_length = 60
    }

    column "Eintritt" {
      type   = "date"
      format = "DD.MM.YYYY"
    }

    column "Gehalt" {
      type      = "decimal"
      min       = 0
      sensitive = true
    }

    column "Abteilung" {
      one_of = ["Vertrieb", "Einkauf", local.department]
    }
  }

  archive {
    folder        = "staff/@/done/${formatdate("YYYY/MM", file.time)}"
    failed_folder = "staff/@/failed"
  }
}

import "absence@" {
  connection = connection.perbit.hr@
  folder     = "absence/@"
  object     = "Abwesenheiten"
  method     = "Import Abwesenheiten @"
  order      = "any"

  csv {
    key {
      columns = ["PersonalNr", "Von"]
    }

    column "PersonalNr" {
      type = "integer"
    }

    column "Von" {
      type   = "date"
      format = "DD.MM.YYYY"
    }

    column "Bis" {
      type   = "date"
      format = "DD.MM.YYYY"
    }

    check "not backwards" {
      condition     = row.Bis == null || row.Bis >= row.Von
      error_message = "Bis lies before Von."
    }
  }
}

import "time@" {
  connection = connection.perbit.hr@
  folder     = "time/@"
  object     = "Zeitkonten"
  method     = "Import Zeitkonten @"
  settle     = "5s"

  protocol {
    path = "${file.stem}.protokoll.txt"
  }
}

import "cost@" {
  connection = connection.perbit.hr@
  folder     = "cost/@"
  object     = "Kostenstellen"
  method     = "Import Kostenstellen @"

  csv {
    columns = "at_least"

    column "Kostenstelle" {
      pattern = "[0-9]{4,6}"
    }
  }
}

export "payroll@" {
  for_each   = var.companies
  connection = connection.perbit.hr@
  object     = "Mitarbeiter"
  method     = "Datenexport Lohn @"

  variables = {
    FirmenNr       = each.value.number
    Eintrittsdatum = formatdate("DD.MM.YYYY", month_start(run.time))
  }

  schedule {
    cron   = "30 5 * * MON-FRI"
    missed = "once"
  }

  target {
    path     = "payroll/@/lohn_${formatdate("YYYYMM", run.time)}_${each.key}.csv"
    encoding = "windows-1252"
    keep     = 12
  }

  expect {
    min_rows   = 1
    columns    = ["PersonalNr", "Name"]
    max_shrink = "30%"
  }
}

export "directory@" {
  connection = connection.perbit.hr@
  object     = "Mitarbeiter"
  method     = "Datenexport Verzeichnis @"
  depends_on = [import.staff@]

  schedule {
    every = "6h"
  }

  target {
    path = "directory/@/${local.department}.csv"
  }
}

rule "purchase" "orders@" {
  connection = connection.conbox.shop@
  folder     = "orders/@"
  match      = ["*.csv"]

  document {
    DocTyp              = 2
    DocNbr              = row.Beleg
    FinalCustomerLndCde = "D"
    ExtPchNbr           = row.BestellNr
  }

  position {
    PosNbr = row.Pos
    Amount = row.Menge
  }
}

rule "ready_status" "release@" {
  connection = connection.conbox.shop@
  after      = rule.purchase.orders@

  document {
    DocNbr      = order.DocNbr
    ReadyStatus = true
  }
}

`

const tenBlocksHead = `variable "customer_id" {
  type    = string
  default = "6f1d2c9a-4b7e-4e53-9a0c-2d8f51b3c7e4"
}

variable "companies" {
  type    = map(object({ number = string }))
  default = { wels = { number = "04" } }
}

locals {
  department = "Versand"
}

`

// instances is a set of n names, in a language that has no way to count.
func instances(n int) string {
	var b strings.Builder
	b.WriteString("locals {\n  names = [\n")
	for i := range n {
		fmt.Fprintf(&b, "    \"company%d\",\n", i)
	}
	b.WriteString("  ]\n}\n\n")
	return b.String()
}

const oneConnection = `connection "perbit" "hr" {
  customer_id = "6f1d2c9a-4b7e-4e53-9a0c-2d8f51b3c7e4"
  username    = "API-Import-User"
  password    = secret("env:PERBIT_PASSWORD")
}

`

const oneExport = oneConnection + `export "payroll" {
  for_each   = toset(local.names)
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Lohn"

  variables = {
    FirmenNr       = each.value
    Eintrittsdatum = formatdate("DD.MM.YYYY", month_start(run.time))
  }

  schedule {
    cron = "30 5 * * MON-FRI"
  }

  target {
    path     = "payroll/lohn_${formatdate("YYYYMM", run.time)}_${each.key}.csv"
    encoding = "windows-1252"
    keep     = 12
  }
}
`

const oneImport = oneConnection + `import "staff" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "Mitarbeiter"
  method     = "Import Mitarbeiterstammdaten"

  csv {
    column "PersonalNr" {
      type     = "integer"
      required = true
      unique   = true
    }

    column "Name" {
      required   = true
      max_length = 60
    }

    column "Eintritt" {
      type   = "date"
      format = "DD.MM.YYYY"
    }
  }
}
`

// oneText is a folder whose configuration is this text.
func oneText(b *testing.B, name, text string) string {
	b.Helper()
	return writing(b, name, func(w io.Writer) { fmt.Fprint(w, text) })
}

// repeated writes a configuration of n blocks. It goes to the disk piece by piece: what this process holds at its height
// counts, on Linux, as the least that a process had which it starts.
func repeated(b *testing.B, name, head, ten string, n int) string {
	b.Helper()
	return writing(b, name, func(w io.Writer) {
		fmt.Fprint(w, head)
		for i := range n / 10 {
			text := strings.ReplaceAll(ten, "@", fmt.Sprint(i))
			if i == n/10-1 {
				text = strings.TrimSuffix(text, "\n")
			}
			fmt.Fprint(w, text)
		}
	})
}

// writing gives a new folder with one file in it.
func writing(b *testing.B, name string, write func(io.Writer)) string {
	b.Helper()
	dir := b.TempDir()
	file, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(file)
	write(w)
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}
