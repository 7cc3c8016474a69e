import "staff" {
  conection = connection.perbit.hr
  folder    = "in"
  object    = 4
  method    = "x"
}

export "all" {
  connection = connection.perbit.nowhere
  object     = locals.a
}

locals {
  a = local.b
  b = local.a
}
