variable "customer_id" {
  default = "1b671a64-40d5-491e-99b0-da01ff1f3341"
}

connection "perbit" "hr" {
  customer_id = var.custmer_id
  username    = local.usr
  password    = secret("env:PERBIT_PASSWORD")
  pasword     = "geheim"
}

connection "perbitt" "x" {}

locals {
  user = "import"
}

import "staff" {
  conection  = connection.perbit.hr
  connection = connection.perbit.hrr
  folder     = "staff/in"
  object     = uper("Mitarbeiter")
  method     = Standard
  order      = "nmae"
  each_key   = each.key

  archiv {
    folder = "done"
  }

  archive {
    folder = "done/${fil.stem}/${file.nme}"
  }
}

exprot "x" {}

import "staff" {
  connection = connection.conbox.hr
}

import "2nd" {}

export "payroll" {
  connection = connection.perbit.hr
  object     = run.time
  method     = import.staff
  depends_on = [import.stuff, import.staff["x"], "import.staff"]

  target {
    path = "out/${run.tme}.csv"
  }
}

rule "purchase" "orders" {
  connection = connection.perbit.hr
  folder     = "orders"

  document {
    DocTyp = 2
    DocNr  = row.Beleg
  }
}

rule "purchse" "x" {}

rule "ready_status" "release" {
  connection = connection.perbit.hr
  after      = rule.purchase.order
}

moved {
  from = import.staff
  to   = import.people
}

moved {
  from = import.old
  to   = export.old
}

import "short" {
  connection = perbit.hr
  folder     = "short"
  object     = "Mitarbeiter"
  method     = perbit
}
