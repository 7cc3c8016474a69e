variable "token" {
  type      = string
  sensitive = true
  default   = "streng-geheim"
}

variable "short" {
  type      = string
  sensitive = true
  default   = "streng-geheimer-wert"

  validation {
    condition     = length(var.short) < 4
    error_message = "The value ${var.short} is too long."
  }
}

locals {
  pw = secret("env:PW")
}

connection "perbit" "literal" {
  customer_id = "00000000-0000-0000-0000-000000000000"
  username    = "API-Import-User"
  password    = "hunter2"
}

connection "perbit" "sample" {
  url         = "http://perbit.example.com/webApi"
  customer_id = secret("env:ID")
  username    = local.pw
  password    = "SICHERES_PASSWORT"
}

variable "key" {
  default = "{00000000-0000-0000-0000-000000000000}"
}

connection "conbox" "sample" {
  url          = "http://127.0.0.1:8080/service"
  password     = "00000000000000000000000000000000"
  user_code    = "ERP01"
  user_api_key = "00000000-0000-0000-0000-000000000000"
}

connection "conbox" "given" {
  url          = "http://127.0.0.1:8080/service"
  user_code    = "ERP01"
  user_api_key = var.key
}

connection "perbit" "inside" {
  url         = "https://user:hunter2@perbit.example.com/webApi"
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "x"
  password    = secret("env:PW") + 1
  proxy       = "http://me:hunter2@proxy:8080"
}

connection "perbit" "hr" {
  url         = "http://127.0.0.1:8080/webApi"
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "x"
  password    = local.pw
}

import "staff" {
  for_each   = toset([secret("env:KEYS")])
  connection = connection.perbit.hr
  folder     = "in/${secret("env:FOLDER")}"
  object     = local.pw
  method     = formatdate(var.token, "x")

  csv {
    check "by secret" {
      condition     = row.A == secret("env:CHECK")
      error_message = "no ${secret("env:CHECK")}"
    }

    check "message" {
      condition     = row.A == "x"
      error_message = ["a", "b"]
    }
  }
}

import "keys" {
  for_each   = { (var.token) = 1 }
  connection = connection.perbit.hr
  folder     = "in"
  object     = "x"
  method     = "x"
}

export "payroll" {
  connection = connection.perbit.hr
  object     = "x"
  method     = "x"
  variables  = { Token = secret("env:TOKEN") }

  target {
    path = "out/${formatdate(var.token, run.time)}"
  }
}
