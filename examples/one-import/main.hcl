# One drop folder: every CSV file in staff/in is checked and uploaded once.
#
# It runs as it is against the test server: "dropform sandbox" in one terminal,
# "PERBIT_PASSWORD=Sandkasten-04 dropform apply" in another.

variable "url" {
  description = "Your server, for example https://de.perbit.cloud/webApi"
  type        = string
  default     = "http://127.0.0.1:8088/webApi" # dropform sandbox
}

variable "customer_id" {
  description = "Your customer id"
  type        = string
  default     = "6f1d2c9a-4b7e-4e53-9a0c-2d8f51b3c7e4" # dropform sandbox
}

connection "perbit" "hr" {
  url         = var.url
  customer_id = var.customer_id
  username    = "API-Import-User"
  password    = secret("env:PERBIT_PASSWORD")
}

import "staff" {
  description = "Master data from the applicant system, dropped as Windows files"
  connection  = connection.perbit.hr
  folder      = "staff/in"
  object      = "Mitarbeiter"
  method      = "Import Mitarbeiterstammdaten Standard"

  csv {
    encoding = "windows-1252"

    column "PersonalNr" {
      type     = "integer"
      required = true
      unique   = true
    }

    column "Name" {
      required = true
    }

    column "Vorname" {}

    column "Eintritt" {
      type   = "date"
      format = "DD.MM.YYYY"
    }

    column "Abteilung" {
      one_of = ["Vertrieb", "Einkauf", "Fertigung", "Personal"]
    }
  }

  archive {
    folder        = "staff/done"
    failed_folder = "staff/failed"
  }
}
