connection "perbit" "hr" {
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "x"
  password    = secret("env:PW")
}

import "staff" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "o"
  method     = "m"
  email      = "nicht gueltig"
  depends_on = [import.second]
}

import "second" {
  connection = connection.perbit.hr
  folder     = "in2"
  object     = "o"
  method     = "m"
  email      = "personal@example.com"
  depends_on = [import.third]
}

import "third" {
  connection = connection.perbit.hr
  folder     = "in3"
  object     = "o"
  method     = "m"
  email      = "@example.com"
  depends_on = [import.staff]
}

import "self" {
  for_each   = toset(["a", "b"])
  connection = connection.perbit.hr
  folder     = "self/${each.key}"
  object     = "o"
  method     = "m"
  depends_on = [import.self["a"]]
}

import "empty" {
  for_each   = {}
  connection = connection.perbit.hr
  folder     = "in/${each.ky}"
  object     = each.value.number
  method     = 7
}

export "never" {
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"

  schedule {
    cron = "0 0 30 2 *"
  }

  target {
    path = "out/lohn_${formatdate("YYYY", run.time)}.csv"
  }
}

export "same" {
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"

  target {
    path = "./out/lohn_${formatdate("YYYY", run.time)}.csv"
  }
}

export "instances" {
  for_each   = toset(["a", "b"])
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"

  target {
    path = "out/instances.csv"
  }
}

export "unique" {
  for_each   = toset(["a", "b"])
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"

  target {
    path = "out/${run.id}.csv"
  }
}

export "both" {
  for_each   = toset(["a", "b"])
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"

  target {
    path      = "out/both.csv"
    if_exists = "keep_both"
  }
}

rule "ready_status" "a" {
  connection = connection.conbox.shop
  after      = rule.ready_status.b
}

rule "ready_status" "b" {
  connection = connection.conbox.shop
  after      = rule.ready_status.a
}

moved {
  from = import.x
  to   = import.y
}

moved {
  from = import.y
  to   = import.x
}

moved {
  from = import.p
  to   = import.z
}

moved {
  from = import.q
  to   = import.z
}

import "dynamic" {
  connection = connection.perbit.hr
  folder     = "dynamic"
  object     = "o"
  method     = "m"

  dynamic "archive" {
    for_each = []
    content {
      folder        = "x/${archive.value}"
      failed_folder = "x/${archiv.value}"
      kepp          = 4
    }
  }

}

import "columns" {
  connection = connection.perbit.hr
  folder     = "columns"
  object     = "o"
  method     = "m"

  csv {
    dynamic "column" {
      for_each = toset([])
      labels   = [column.value]
      content {
        type = "txt"
      }
    }
  }
}
