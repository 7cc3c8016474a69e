# No value of a secret attribute may be shown, wherever it comes from.
variable "pw" {
  default = "hunter2"
}

variable "sample" {
  default = "SICHERES_PASSWORT"
}

variable "checked" {
  default = "hunter2-checked"

  validation {
    condition     = length(var.checked) > 100
    error_message = "${upper(var.checked)} is short"
  }
}

variable "typed" {
  type    = map(number)
  default = { a = "hunter2-typed" }
}

variable "companies" {
  default = { wels = { pw = "hunter2-wels" } }
}

locals {
  inner = "hunter2-local"
  outer = "${local.inner}!"
}

connection "perbit" "a" {
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "x"
  password    = upper(var.pw, 1)
}

connection "perbit" "b" {
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "x"
  password    = var.sample
}

connection "perbit" "c" {
  customer_id = var.checked
  username    = "x"
  password    = "${var.checked}x${var.typed.a}"
}

connection "perbit" "d" {
  customer_id = "x-${local.inner}"
  username    = "x"
  password    = local.outer
}

connection "perbit" "e" {
  customer_id = parseint(local.inner, 10)
  username    = "x"
  password    = parseint("hunter2", 10)
}

connection "perbit" "f" {
  for_each    = var.companies
  customer_id = each.value.pw
  username    = "x"
  password    = each.value.pw
}

connection "perbit" "g" {
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "x"
  password    = ["hunter2", uper("hunter2")]
}
