connection "perbit" "hr" {
  customer_id = "6f1d2c9a-4b7e-4e53-9a0c-2d8f51b3c7e4"
  username    = "x"
  password    = secret("env:PW")
}

import "staff" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "x"
  method     = "x"

  csv {
    columns  = "at_least"
    min_rows = 5
    max_rows = 2

    column "Eintritt" {
      type = "date"
      max  = "2020-12-31"
    }

    column "Kommt" {
      type = "time"
      min  = "acht"
      max  = "17:00"
    }

    column "Geht" {
      type = "date"
      min  = "31.12.2026"
      max  = "01.01.2026"
    }

    column "Nr" {
      type   = "integer"
      min    = "x"
      one_of = ["1", "zwei", "", "3"]
    }

    column "Tage" {
      type = "decimal"
      min  = 5
      max  = "2,5"
    }

    column "Satz" {
      type  = "decimal"
      min   = 1.5
      max   = "1.000,5"
      scale = -1
    }

    column "Ort" {
      min_length = 5
      max_length = 2
      pattern    = "(["
    }

    column "Bis" {
      type   = "date"
      format = "D.M.YYYY"
      max    = "1.1.2026"
    }

    column "Von" {
      type   = "date"
      format = "--"
    }

    column "Aktiv" {
      type   = "boolean"
      one_of = ["ja", "vielleicht"]
    }

    key {
      columns = ["Nr", "Gibtsnicht"]
    }
  }
}
