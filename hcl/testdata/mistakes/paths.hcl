variable "n" {
  default = "../../raus"
}

connection "perbit" "hr" {
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "x"
  password    = secret("env:PW")
}

import "unc" {
  connection = connection.perbit.hr
  folder     = "\\server\share\in"
  object     = "o"
  method     = "m"
}

import "escaped" {
  connection = connection.perbit.hr
  folder     = "D:\neu\x"
  object     = "o"
  method     = "m"
  match      = ["\a\b", "D:\c\d"]

  archive {
    folder = "D:\neu\${file.stem}"
  }
}

import "tab" {
  connection = connection.perbit.hr
  folder     = "\\server\new"
  object     = "o"
  method     = "m"
}

export "jail" {
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"

  target {
    path = "out/${var.n}.csv"
  }
}

export "each" {
  for_each   = { "../oben" = 1, "unten" = 2 }
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"

  target {
    path = "out/${each.key}.csv"
  }
}

import "keys" {
  for_each   = toset(["", "a\tb", "fine"])
  connection = connection.perbit.hr
  folder     = "k/${each.key}"
  object     = "o"
  method     = "m"
}
