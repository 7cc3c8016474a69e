variable "companies" {
  type    = map(object({ number = string, name = optional(string, "none") }))
  default = { wels = { number = 04 } }
}

variable "count" {
  type     = number
  default  = "many"
  nullable = "x"
}

variable "lazy" {
  type    = strng
  default = upper("x")
}

connection "perbit" "hr" {
  url         = "perbit.cloud/webApi"
  customer_id = "1b671a64-40d5-491e-99b0"
  username    = 7
  password    = secret("vault:x")
  auth        = "evry_call"
  parallel    = 0
  timeout     = "2 minutes"
  max_upload  = "30 bananas"
  proxy       = "ftp://proxy"

  retry {
    attempts = 1.5
    first    = "1h"
  }

  tls {
    client_cert = "a.pem"
  }
}

import "staff" {
  connection      = "connection.perbit.hr"
  folder          = "D:\temp"
  object          = 04
  method          = true
  match           = "*.csv"
  ignore          = ["[", "sub/*.csv", 7]
  email           = null
  settle          = 2
  wait_for_result = "maybe"

  protocol {
    failed = "(Fehler"
  }

  csv {
    delimiter  = ";;"
    max_shrink = 30
    columns    = "exakt"

    column "Name" {
      type  = "txt"
      min   = 1
      scale = 2
    }

    column "Name" {}

    column "Preis" {
      type    = "decimal"
      decimal = "."
    }

    column "Datum" {
      type   = "date"
      format = "TT.MM.JJJJ"
      min    = 2020
    }

    key {
      columns = ["Nam", "Datum"]
    }

    check "later" {
      condition     = row.Dtum > "2020"
      error_message = "no"
    }

    check "text" {
      condition     = "x${row.Name}"
      error_message = "no"
    }
  }
}

export "payroll" {
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Lohn"

  variables = {
    FirmenNr = 04
    Jahr     = tonumber("2026")
    Leer     = null
  }

  schedule {
    cron     = "61 5 * * *"
    every    = "15m"
    timezone = "Europe/Belin"
    missed   = "some"
  }

  target {
    path       = "out/${formatdate("QQ", run.time)}.csv"
    bom        = true
    unmappable = "replace:??"
    keep       = 0
  }

  fixed {
    field "a" {
      start  = 1
      length = 8
    }

    field "b" {
      start  = 5
      length = 8
    }
  }
}

export "marked" {
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Lohn"

  target {
    path     = "out/marked.csv"
    encoding = "windows-1252"
    bom      = true
  }
}

export "bare" {
  connection = connection.perbit.hr
  object     = ""
  method     = "x"
}

export "cron" {
  connection = connection.perbit.hr
  object     = "x"
  method     = "x"
  variables  = ["a"]

  schedule {
    cron = "@daily"
  }

  target {
    path = "D:\data\${run.id}.csv"
  }

  target {
    path = "x"
  }
}
