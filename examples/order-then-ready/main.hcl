# An order, and what follows it: when rule.purchase.orders has placed an order,
# rule.ready_status.release sets its document to ready. One call for each order,
# planned by the next "dropform apply", by "dropform watch" at once.
#
# It runs as it is against the test server. In one terminal:
#   dropform sandbox
# In another, with CONBOX_PASSWORD and CONBOX_KEY set as the sandbox says:
#   dropform apply -auto-approve                             shows the order; it waits
#   dropform approve 'rule.purchase.orders[000007]'
#   dropform apply -auto-approve                             places it
#   dropform apply -auto-approve                             sets it ready

variable "url" {
  description = "Your CONBOX service, for example https://conbox.example.com/service"
  type        = string
  default     = "http://127.0.0.1:8088/conbox/service" # dropform sandbox
}

connection "conbox" "shop" {
  url          = var.url
  username     = "erp"
  password     = secret("env:CONBOX_PASSWORD")
  user_code    = "ERP01"
  user_api_key = secret("env:CONBOX_KEY")
}

rule "purchase" "orders" {
  connection = connection.conbox.shop
  folder     = "orders/in"

  document {
    DocTyp              = 2
    DocNbr              = row.Beleg # text: as a number 000007 would lose its zeros
    FinalCustomerLndCde = "D"
    ExtPchNbr           = row.BestellNr
  }

  position {
    PosNbr = row.Pos
    Amount = row.Menge
  }

  archive {
    folder = "orders/done"
  }
}

# "after" takes the place of a folder: it has no files of its own. "order" holds
# every field that was sent and that came back.
rule "ready_status" "release" {
  connection = connection.conbox.shop
  after      = rule.purchase.orders

  document {
    DocNbr      = order.DocNbr
    ReadyStatus = true
  }
}
