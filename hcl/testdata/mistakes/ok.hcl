# Nothing is wrong here: no diagnostic may appear.
variable "archive" {
  type    = bool
  default = true
}

locals {
  base = "${local.root}/out"
  root = "data"
  conn = connection.perbit.hr
}

connection "perbit" "hr" {
  for_each    = toset(["wels", "berlin"])
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "x"
  password    = trimspace(secret("file:pw.txt"))
}

import "staff" {
  for_each   = toset(["wels", "berlin"])
  connection = local.conn[each.key]
  folder     = "in/${each.key}"
  object     = "x"
  method     = try(var.archive.missing, "x")

  dynamic "archive" {
    for_each = var.archive ? ["done"] : []
    content {
      folder        = "${archive.value}/${each.key}/${file.stem}"
      failed_folder = regex("^(.*)_x$", file.stem)[0]
    }
  }

  csv {
    dynamic "column" {
      for_each = ["A", "B"]
      labels   = [column.value]
      content {
        type = "integer"
      }
    }

    check "sum" {
      condition     = row.A == null || row.A < row.B
      error_message = "A is ${row.A}"
    }
  }

  precondition {
    condition     = each.key != "x"
    error_message = "never"
  }
}

export "out" {
  for_each   = { for k in ["wels", "berlin"] : k => upper(k) }
  connection = connection.perbit.hr[each.key]
  object     = each.value
  method     = "x"
  depends_on = [import.staff["wels"]]
  variables  = merge({ A = "1" }, { B = formatdate("YYYY", month_start(run.time, -1)) })

  schedule {
    every = "15m"
  }

  target {
    path = "${local.base}/${each.key}/${run.id}.csv"
  }
}

moved {
  from = import.people
  to   = import.staff["wels"]
}
