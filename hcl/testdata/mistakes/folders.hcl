connection "perbit" "hr" {
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "x"
  password    = secret("env:PW")
}

import "report" {
  connection = connection.perbit.hr
  folder     = "report"
  object     = "x"
  method     = "x"
  match      = ["*.csv", "*.txt"]
  ready_file = "${file.stem}.txt"

  protocol {
    path = "${file.stem}.log.txt"
  }

  archive {
    folder = "report/${upper("")}"
  }
}

import "fine" {
  connection = connection.perbit.hr
  folder     = "fine"
  object     = "x"
  method     = "x"
  match      = ["*.csv", "*.txt"]

  protocol {
    path = "logs/${file.stem}.log.txt"
  }
}

import "a" {
  connection = connection.perbit.hr
  folder     = "shared"
  object     = "x"
  method     = "x"
}

import "b" {
  connection = connection.perbit.hr
  folder     = "./shared"
  object     = "x"
  method     = "x"
  match      = ["Pay_*.CSV"]
}

import "apart" {
  connection = connection.perbit.hr
  folder     = "apart"
  object     = "x"
  method     = "x"
  match      = ["staff_*.csv"]
}

import "apart2" {
  connection = connection.perbit.hr
  folder     = "apart"
  object     = "x"
  method     = "x"
  ignore     = ["staff_*"]
}

import "each" {
  for_each   = toset(["x", "y"])
  connection = connection.perbit.hr
  folder     = "each"
  object     = "x"
  method     = "x"
}
