dropform {
  required_version = ">= 0.1"
  timezone         = "Europe/Berlin"
}

variable "customer_id" {
  type = string
}

variable "companies" {
  type    = map(object({ number = string }))
  default = { wels = { number = "04" }, berlin = { number = "07" } }
}

connection "perbit" "hr" {
  url         = "https://de.perbit.cloud/webApi" # the default
  customer_id = var.customer_id
  username    = "API-Import-User"
  password    = secret("env:PERBIT_PASSWORD")
}

connection "conbox" "shop" {
  url          = "https://conbox.example.com/service"
  auth         = "auto" # auto | basic | digest | none
  username     = "erp"
  password     = secret("env:CONBOX_PASSWORD")
  user_code    = "ERP01"
  user_api_key = secret("file:secrets/conbox.key")
}

import "staff" {
  connection = connection.perbit.hr
  folder     = "staff/in"
  match      = ["*.csv", "*.txt"]
  object     = "Mitarbeiter"
  method     = "Import Mitarbeiterstammdaten Standard"

  csv {
    encoding = "windows-1252"

    column "PersonalNr" {
      type     = "integer"
      required = true
      unique   = true
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
      one_of = ["Vertrieb", "Einkauf"]
    }
  }

  archive {
    folder        = "staff/done/${formatdate("YYYY/MM", file.time)}"
    failed_folder = "staff/failed"
  }
}

export "payroll" {
  for_each   = var.companies
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Lohn"

  variables = {
    FirmenNr       = each.value.number
    Eintrittsdatum = formatdate("DD.MM.YYYY", month_start(run.time))
  }

  schedule {
    cron   = "30 5 * * MON-FRI"
    missed = "once"
  }

  target {
    path     = "payroll/lohn_${formatdate("YYYYMM", run.time)}_${each.key}.csv"
    encoding = "windows-1252"
    keep     = 12
  }

  expect {
    min_rows   = 1
    columns    = ["PersonalNr", "Name"]
    max_shrink = "30%"
  }
}

rule "purchase" "orders" {
  connection = connection.conbox.shop
  folder     = "orders/in"
  match      = ["*.csv"]
  approval   = "manual"

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

rule "ready_status" "release" {
  connection = connection.conbox.shop
  after      = rule.purchase.orders

  document {
    DocNbr      = order.DocNbr
    ReadyStatus = true
  }
}
