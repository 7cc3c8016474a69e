connection "perbit" "hr" {
  url         = "https://hr.example.com/webApi"
  customer_id = "6f1d2c9a-4b7e-4e53-9a0c-2d8f51b3c7e4"
  username    = "x"
  password    = secret("env:P")
}

export "wrong" {
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Lohn fest"

  target {
    path = "out/lohn.txt"
  }

  fixed {
    field "PersonalNr" {
      start  = 0
      length = 8
    }

    field "Name" {
      start  = 9
      length = 0
    }

    field "Vorname" {
      start  = 29
      length = 15
    }

    field "Vorname" {
      start  = 50
      length = 15
    }

    field "Eintritt" {
      start  = 43
      length = 10
    }

    field "Leer" {}
  }

  csv {
    delimiter     = ";"
    quote         = "'"
    columns       = "at_least"
    send_encoding = "utf-8"

    column "Nachname" {}

    key {
      columns = ["PersonalNr", "Vornahme"]
    }

    check "dates" {
      condition     = row.Eintrit != null
      error_message = "x"
    }
  }
}

export "right" {
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Lohn fest"

  target {
    path = "out/right.txt"
  }

  fixed {
    field "Name" {
      start  = 9
      length = 20
    }

    field "PersonalNr" {
      start  = 1
      length = 8
    }
  }

  csv {
    encoding = "windows-1252"

    column "PersonalNr" {
      type = "integer"
    }

    key {
      columns = ["PersonalNr", "Name"]
    }
  }
}
