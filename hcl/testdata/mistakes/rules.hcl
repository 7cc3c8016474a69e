connection "perbit" "hr" {
  customer_id = "1b671a64-40d5-491e-99b0-da01ff1f3341"
  username    = "x"
  password    = secret("env:PW")
}

connection "conbox" "shop" {
  url       = "https://conbox.example.com/service"
  auth      = "digest"
  user_code = "ERP01"
  rate      = "fast"
}

import "wrong" {
  connection = connection.conbox.shop
  folder     = "in"
  object     = "x"
  method     = "x"
}

rule "purchase" "orders" {
  connection = connection.perbit.hr
  folder     = "orders"
  on_unknown = "retry"
  after      = import.wrong

  document {
    DocNbr              = 000007
    FinalCustomerLndCde = order.Land
    ExtPchNbr           = rows[0].Nr
    ReadyStatus         = true
  }
}

rule "ready_status" "release" {
  connection    = connection.conbox.shop
  all_positions = true

  document {
    ReadyStatus = "soon"
  }
}
