variable "url" {}
variable "customer_id" {}
variable "shop" {}

connection "perbit" "hr" {
  url         = var.url
  customer_id = var.customer_id
  username    = "API-Import-User"
  password    = secret("env:PERBIT_PASSWORD")
}

connection "perbit" "gone" {
  url         = "http://127.0.0.1:9/webApi"
  customer_id = var.customer_id
  username    = "API-Import-User"
  password    = "in the clear"

  retry {
    attempts = 1
    first    = "5m"
    longest  = "5m"
  }
}

connection "conbox" "shop" {
  url          = var.shop
  username     = "erp"
  password     = secret("env:CONBOX_PASSWORD")
  user_code    = "ERP01"
  user_api_key = secret("env:CONBOX_KEY")
  rate         = "1000/s"
}

import "staff" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "Mitarbeiter"
  method     = "Import Mitarbeiterstammdaten Standard"
  settle     = "10ms"

  csv {
    column "PersonalNr" {
      type = "integer"
    }
  }
}

import "unreachable" {
  connection = connection.perbit.gone
  folder     = "gone"
  object     = "Mitarbeiter"
  method     = "Import Mitarbeiterstammdaten Standard"
}

export "all" {
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Gesamt"

  target {
    path = "out/all.csv"
  }

  expect {
    min_rows = 5000
  }
}

rule "purchase" "orders" {
  connection = connection.conbox.shop
  folder     = "orders"

  document {
    DocTyp              = 2
    FinalCustomerLndCde = "D"
  }

  position {
    PosNbr = row.Pos
    Amount = row.Menge
  }
}
