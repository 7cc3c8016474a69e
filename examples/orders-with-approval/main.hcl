# Orders: each CSV file in orders/in may hold several. Its lines are joined into
# orders by document number, and nothing is placed before a person has said yes
# to exactly what the plan shows: positions, amounts, prices, delivery address.
#
# It runs as it is against the test server. In one terminal:
#   dropform sandbox
# In another, with CONBOX_PASSWORD and CONBOX_KEY set as the sandbox says:
#   dropform plan                                            shows each order in full
#   dropform apply                                           asks for yes, then for the number of each order
# What was not named waits, for days if need be. Later, or from somebody else:
#   dropform approve 'rule.purchase.orders[101224-01]'
#   dropform apply -auto-approve                             places what was approved, and nothing else

dropform {
  timezone = "Europe/Berlin"
}

variable "url" {
  description = "Your CONBOX service, for example https://conbox.example.com/service"
  type        = string
  default     = "http://127.0.0.1:8088/conbox/service" # dropform sandbox
}

connection "conbox" "shop" {
  url          = var.url
  username     = "erp"
  password     = secret("env:CONBOX_PASSWORD")
  user_code    = "ERP01"
  user_api_key = secret("env:CONBOX_KEY")
}

rule "purchase" "orders" {
  description = "Orders that the ERP system writes every evening"
  connection  = connection.conbox.shop
  folder      = "orders/in"
  approval    = "manual" # the default for orders; "auto" places them without asking

  csv {
    encoding = "windows-1252"

    column "Beleg" {
      required = true
    }

    column "Pos" {
      required = true
    }

    column "Menge" {
      type     = "integer" # digits only: "1.000" is an error, never 1
      required = true
      min      = 1
      max      = 500
    }

    column "BestellNr" {
      required = true
    }

    column "Kunde" {}
    column "Strasse" {}

    column "PLZ" {
      pattern = "[0-9]{5}"
    }

    column "Ort" {}
    column "Hinweis" {}
  }

  # What an order has once. All lines of one order must agree on it.
  document {
    DocTyp              = 2
    DocNbr              = row.Beleg
    FinalCustomerLndCde = "D"
    ExtPchNbr           = row.BestellNr
    Subject             = "Bestellung ${row.BestellNr}, ${length(rows)} Pos."
    AdrNam01            = row.Kunde
    AdrStr              = row.Strasse
    AdrLnd              = "D"
    AdrPcd              = row.PLZ
    AdrReg              = row.Ort
  }

  # What each line adds to it.
  position {
    PosNbr = row.Pos
    Amount = row.Menge
    NotTxt = row.Hinweis
  }

  # A file goes here with its result and its protocol once all its orders are placed.
  archive {
    folder        = "orders/done"
    failed_folder = "orders/failed"
  }
}
