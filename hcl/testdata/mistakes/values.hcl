locals {
  a = local.b
  b = "${local.c}!"
  c = upper(local.a)
  d = 1 / 0
  e = local.d
  a = 1
}

locals {
  d    = 2
  self = local.self
}

connection "perbit" "hr" {
  for_each    = toset(["wels", "berlin"])
  customer_id = local.e
  username    = "x"
  password    = secret("env:PW")
}

import "list" {
  for_each   = ["a", "b"]
  connection = connection.perbit.hr
  folder     = "in/${each.kei}"
  object     = "x"
  method     = "x"
}

import "index" {
  connection = connection.perbit.hr["wien"]
  folder     = "in2"
  object     = "x"
  method     = "x"
  depends_on = [export.loop]

  precondition {
    condition     = "x"
    error_message = "never"
  }
}

import "number" {
  for_each   = 5
  connection = connection.perbit.hr["wels"]
  folder     = "in3"
  object     = "x"
  method     = regex("(", "x")
}

export "loop" {
  connection = connection.perbit.hr["wels"]
  object     = "x"
  method     = file("missing.txt")
  depends_on = [import.index]
  variables  = { n = parseint("xyz", 10) }

  target {
    path = env("NOT_SET")
  }

  dynamic "expect" {
    for_each = var.rows
    content {
      min_rows = expect.value
    }
  }
}

dropform {
  required_version = ">= 99.0"
  timezone         = "Berlin"
  language         = "fr"

  ledger "postgres" {
    path = "x"
  }
}

dropform {
  required_version = "newest"
}
