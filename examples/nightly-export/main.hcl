# Every working day at half past five: everybody who joined since the first of
# last month, written for the payroll system.
#
# With a schedule the first run waits for its time; to run it now:
#   dropform apply -replace=export.payroll
# As if it were another day:
#   dropform apply -replace=export.payroll -as-of=2026-01-01T05:30

dropform {
  timezone = "Europe/Berlin"
}

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

export "payroll" {
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Lohn"

  variables = {
    FirmenNr       = "04" # text: as a number it would lose its zero
    Eintrittsdatum = formatdate("DD.MM.YYYY", month_start(run.time, -1))
  }

  schedule {
    cron   = "30 5 * * MON-FRI"
    missed = "once"
  }

  target {
    path     = "payroll/lohn_${formatdate("YYYYMMDD", run.time)}.csv"
    encoding = "windows-1252"
    newline  = "crlf"
    checksum = "sha256"
    keep     = 12
  }

  expect {
    min_rows = 1
    columns  = ["PersonalNr", "Name", "Eintritt"]
  }
}
