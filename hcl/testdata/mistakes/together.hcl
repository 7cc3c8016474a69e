# Mistakes that stand beside each other: none may hide another.
connection "perbit" "hr" {
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "x"
  password    = secret("env:PW")
}

export "one" {
  connection = connection.perbit.hr
  object     = formatdat("DD", "x") + uper("y")
  method     = try(month_strat("x"), "m")

  variables = {
    A = 04 + 1
    B = formatdat("DD", run.time)
    C = month_strat(run.time)
    D = run
    E = each.key
    F = 04
    G = var.nix
    H = uper("x")
    I = null
    J = ["x"]
    K = "fine"
  }

  target {
    path = "a/${formatdat("DD", run.time)}/${rum.time}.csv"
  }

  csv {
    column "A" {}

    column "C" {
      one_of = [var.nix, uper("x"), 7, "fine"]
    }

    check "both" {
      condition     = row.B > 5 && tonumer(row.A)
      error_message = "wrong ${row.D} ${uper("x")}"
    }
  }
}

import "two" {
  connection = connection.perbit.hr
  folder     = "in"
  object     = "o"
  method     = "m"
  match      = ["[", each.key, uper("x")]

  precondition {
    condition     = var.nix && uper("x")
    error_message = local.nix
  }

  archive {
    folder = "done/${formatdat("YYYY", file.tme)}"
  }
}
