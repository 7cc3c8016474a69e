# A number never keeps its leading zero, whatever it becomes.
variable "any" {
  default = { a = 04, b = 7 }
}

variable "texts" {
  type    = map(object({ number = string, plz = string }))
  default = { wels = { number = 04, plz = 4711 }, berlin = { number = 07, plz = "x" } }
}

locals {
  zero   = 0
  half   = 0.5
  quoted = "04 ${"05"} 06"
  lost   = 04
}

connection "perbit" "hr" {
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "${04}"
  password    = secret("env:PW")
  parallel    = 04
}

import "staff" {
  for_each   = toset([04, "07"])
  connection = connection.perbit.hr
  folder     = "in/x${04}/${each.key}"
  object     = tomap({ a = 04, b = "07" })["a"]
  method     = true ? 04 : "M"
}

export "out" {
  for_each   = { 04 = "a", 007 = "b" }
  connection = connection.perbit.hr
  object     = 04
  method     = env("NIX", 04)

  variables = {
    A = true ? 04 : "x"
    B = tolist([04, "07"])[0]
    C = coalesce(04, "x")
    D = -04
    E = local.lost
    F = ["a", "b"][01]
    G = "08:00"
  }

  target {
    path = "out/04/${each.key}.csv"
  }
}
