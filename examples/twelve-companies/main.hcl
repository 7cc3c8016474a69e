# Twelve companies with one block: each has a drop folder of its own, and files
# of one company never hold up those of another.

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

variable "companies" {
  description = "The companies by name, with their number as text: 04 is not the number 4"
  type        = map(string)

  default = {
    berlin     = "07"
    bielefeld  = "01"
    erfurt     = "09"
    goerlitz   = "10"
    kiel       = "06"
    koeln      = "12"
    oldenburg  = "11"
    regensburg = "03"
    rosenheim  = "05"
    ulm        = "02"
    wels       = "04"
    wuerzburg  = "08"
  }
}

connection "perbit" "hr" {
  url         = var.url
  customer_id = var.customer_id
  username    = "API-Import-User"
  password    = secret("env:PERBIT_PASSWORD")
  parallel    = 4
}

import "absence" {
  for_each   = var.companies
  connection = connection.perbit.hr
  folder     = "absence/${each.key}"
  object     = "Abwesenheiten"
  method     = "Import Abwesenheiten"

  csv {
    column "PersonalNr" {
      type     = "integer"
      required = true
    }

    column "Art" {
      one_of = ["Urlaub", "Krankheit", "Sonderurlaub", "Elternzeit", "Fortbildung"]
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
      type = "decimal"
      min  = 0
    }
  }

  archive {
    folder        = "absence/${each.key}/done/${formatdate("YYYY", file.time)}"
    failed_folder = "absence/${each.key}/failed"
  }
}

# The payroll of each company, after its absences.
export "payroll" {
  for_each   = var.companies
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Lohn"
  depends_on = [import.absence]

  variables = {
    FirmenNr       = each.value
    Eintrittsdatum = "01.01.1990"
  }

  target {
    path     = "payroll/lohn_${each.value}_${each.key}.csv"
    encoding = "windows-1252"
  }
}
