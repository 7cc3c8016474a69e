package command

// demoFile is one file of the demo project; folder has slashes and starts in the project.
type demoFile struct{ folder, name, text string }

// demoMain is the project: a connection to each system, two drop folders of imports, three companies' exports, and orders.
const demoMain = `# Written by "dropform demo".

variable "companies" {
  description = "The companies whose payroll export is fetched"
  type        = map(object({ number = string }))

  default = {
    berlin    = { number = "07" }
    bielefeld = { number = "01" }
    wels      = { number = "04" }
  }
}

connection "perbit" "hr" {
  url         = "@URL@" # the sandbox
  customer_id = "@ID@"
  username    = "@USER@"
  password    = secret("file:password.txt")
}

connection "conbox" "shop" {
  url       = "@CONBOX@" # the sandbox
  username  = "@CONBOXUSER@"
  password  = secret("file:password.txt")
  user_code = "@CODE@"
  rate      = "50/s"
}

# Every CSV file in staff/in is checked, uploaded once, and archived with the server's protocol.
import "staff" {
  connection = connection.perbit.hr
  folder     = "staff/in"
  object     = "Mitarbeiter"
  method     = "Import Mitarbeiterstammdaten Standard"

  archive {
    folder        = "staff/done"
    failed_folder = "staff/failed"
  }
}

import "absence" {
  connection = connection.perbit.hr
  folder     = "absence/in"
  object     = "Abwesenheiten"
  method     = "Import Abwesenheiten"

  csv {
    column "PersonalNr" {
      type     = "integer"
      required = true
    }

    column "Name" {}

    column "Art" {
      one_of = ["Urlaub", "Krankheit", "Sonderurlaub", "Fortbildung"]
    }

    column "Von" {
      type   = "date"
      format = "DD.MM.YYYY"
    }

    column "Bis" {
      type   = "date"
      format = "DD.MM.YYYY"
    }

    column "Tage" {
      type = "integer"
      min  = 1
    }
  }

  archive {
    folder        = "absence/done"
    failed_folder = "absence/failed"
  }
}

# Everybody who joined since the first of last month, one file for each company.
export "payroll" {
  for_each   = var.companies
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Lohn"

  variables = {
    FirmenNr       = each.value.number
    Eintrittsdatum = formatdate("DD.MM.YYYY", month_start(run.time, -1))
  }

  target {
    path = "payroll/lohn_${formatdate("YYYYMM", run.time)}_${each.key}.csv"
  }

  expect {
    columns = ["PersonalNr", "Name"]
  }
}

# A row of a file in orders/in is a position of an order. None is placed before somebody has approved it by its number.
rule "purchase" "orders" {
  connection = connection.conbox.shop
  folder     = "orders/in"

  document {
    DocTyp              = 2
    DocNbr              = row.Beleg
    ExtPchNbr           = row.BestellNr
    FinalCustomerLndCde = "D"
  }

  position {
    PosNbr = row.Pos
    Amount = row.Menge
  }

  archive {
    folder = "orders/done"
  }
}
`

// demoFiles wait in the drop folders when the demo begins. That of November is wrong on purpose.
var demoFiles = []demoFile{
	{"staff/in", "Mitarbeiter_Bielefeld.csv", `PersonalNr;FirmenNr;Name;Vorname;Eintritt;Abteilung;Kostenstelle;PLZ;Ort
2001;01;Müller-Lüdenscheidt;Jürgen;01.10.2026;Vertrieb;4001;33602;Bielefeld
2002;01;Schröder;Änne;15.10.2026;Einkauf;4101;33602;Bielefeld
2003;01;Weißgerber;Käthe;01.11.2026;Fertigung;4201;33615;Bielefeld
2004;01;Öztürk;Gülsen;01.11.2026;Personal;4401;33609;Bielefeld
`},
	{"staff/in", "Mitarbeiter_Wels.csv", `PersonalNr;FirmenNr;Name;Vorname;Eintritt;Abteilung;Kostenstelle;PLZ;Ort
2101;04;Größlinger;Franz;01.10.2026;Konstruktion;4304;4600;Wels
2102;04;Österreicher;Elfriede;01.10.2026;Einkauf;4104;4600;Wels
2103;04;Hübner;Matthias;15.11.2026;Fertigung;4204;4614;Marchtrenk
`},
	{"absence/in", "Abwesenheiten_Oktober.csv", `PersonalNr;Name;Art;Von;Bis;Tage
1001;Müller;Urlaub;05.10.2026;09.10.2026;5
1007;Größl;Krankheit;12.10.2026;14.10.2026;3
1033;Fröhlich;Fortbildung;20.10.2026;21.10.2026;2
`},
	{"absence/in", "Abwesenheiten_November.csv", `PersonalNr;Name;Art;Von;Bis;Tage
1013;Krüger;Urlaub;02.11.2026;06.11.2026;5
1020;Jäger;Krankheit;30.11.2026;31.11.2026;2
1039;Löffler;Überstunden;16.11.2026;16.11.2026;1
1042;Schäfer;Urlaub;23.11.2026;27.11.2026;fünf
`},
	{"orders/in", "Bestellung_101224-01.csv", `Beleg;BestellNr;Pos;Menge;AdrNam01;AdrNam02;AdrStr;AdrPcd;AdrReg;AdrLnd
101224-01;B-2026-118;Pos01;1;Mustermann;Max;Lindenweg 7;10115;Berlin;D
101224-01;B-2026-118;Pos02;4;Mustermann;Max;Lindenweg 7;10115;Berlin;D
`},
}

// demoLate is dropped while watch runs.
var demoLate = demoFile{"staff/in", "Mitarbeiter_Berlin.csv", `PersonalNr;FirmenNr;Name;Vorname;Eintritt;Abteilung;Kostenstelle;PLZ;Ort
2201;07;Jägermeister;Björn;01.11.2026;Buchhaltung;4507;10115;Berlin
2202;07;Yılmaz;Aylin;01.11.2026;Fertigung;4207;10115;Berlin
`}

const demoStays = `
(watch goes on: drop a CSV file of your own into @DEMO@/staff/in, or edit @DEMO@/main.hcl; interrupt to end)
`

const demoLook = `
Where to look
  @DEMO@/main.hcl            the project: what you would write
  @DEMO@/staff/done          uploaded files, each with the server's protocol beside it
  @DEMO@/absence/failed      the rejected file, with what is wrong in it
  @DEMO@/payroll             the three exports
  @DEMO@/orders/done         the order's file, with its result and protocol
  @DEMO@/.dropform/ledger.db what is known to have happened

  @DROPFORM@ -chdir=@CHDIR@ history
  @DROPFORM@ -chdir=@CHDIR@ show 'import.staff[Mitarbeiter_Berlin.csv]'
  @DROPFORM@ -chdir=@CHDIR@ show 'rule.purchase.orders[101224-01]'
`
