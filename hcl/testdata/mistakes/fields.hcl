variable "token" {
  sensitive = true
  default   = "streng-geheim"
}

connection "conbox" "shop" {
  url          = "https://conbox.example.com/service"
  user_code    = "ERP01"
  user_api_key = secret("env:KEY")
}

# What is wrong whatever a file holds.
rule "purchase" "static" {
  connection = connection.conbox.shop
  folder     = "static"

  document {
    DocTyp    = "zwei"
    DocNbr    = 7
    ExtPchNbr = "B-${order.DocNbr}"
    Subject   = var.token
    DlvAdr = {
      AdrNam01 = row.Name
      AdrPcd   = 10001
      AdrOrt   = "Wels"
    }
  }

  position {
    PosNbr       = secret("env:POS")
    PositionGuid = null
    Amount       = 0
    LVNbr        = ["1"]
    NotTxt       = upper(row.Text) == "X"
  }
}

# What the columns tell.
rule "purchase" "columns" {
  connection = connection.conbox.shop
  folder     = "columns"

  csv {
    column "Beleg" {
      type = "integer"
    }

    column "Menge" {}

    column "Eilig" {
      type = "boolean"
    }
  }

  document {
    DocTyp    = 2
    DocNbr    = row.Beleg
    ExtPchNbr = row.Belg
    Subject   = row.Eilig
    DlvAdr    = row.Beleg
  }

  position {
    Amount = row.Eilig
    NotTxt = "${row.Menge} ${rows[0].Beleg}"
  }
}

# Enough here: nothing is told of these two.
rule "purchase" "whole" {
  connection    = connection.conbox.shop
  folder        = "whole"
  all_positions = true

  csv {
    column "DocNbr" {}
    column "FinalCustomerLndCde" {}
  }

  document {
    DocTyp = 2
  }
}

rule "silent_copy" "guids" {
  connection = connection.conbox.shop
  folder     = "guids"

  csv {
    column "PositionGuid" {}
  }
}

rule "silent_copy" "lacking" {
  connection = connection.conbox.shop
  folder     = "lacking"

  csv {
    column "DocTyp" {}
    column "DocNbr" {}
  }

  document {
    SrcDocTyp = 2
    SrcDocNbr = "1"
    SrcPosNbr = "P"
  }
}

rule "ready_status" "release" {
  connection = connection.conbox.shop
  after      = rule.purchase.whole
  match      = ["*.txt"]

  csv {
    delimiter = ","
  }

  document {
    DocNbr      = row.DocNbr
    ReadyStatus = "true"
  }
}

rule "delete" "circle" {
  connection = connection.conbox.shop
  after      = rule.position_data.circle

  document {
    PosNbr = order.PosNbr
  }
}

rule "position_data" "circle" {
  connection = connection.conbox.shop
  after      = rule.delete.circle
  depends_on = [rule.delete.circle]

  document {
    PosNbr = order.PosNbr
  }
}

rule "delete" "itself" {
  connection = connection.conbox.shop
  after      = rule.delete.itself

  document {
    PosNbr = order.PosNbr
  }
}

import "orders" {
  connection = connection.conbox.shop
  folder     = "whole"
  object     = "o"
  method     = "m"
}

rule "delete" "reports" {
  connection = connection.conbox.shop
  folder     = "reports"

  result {
    path = "done_${file.name}"
  }

  archive {
    folder = "reports"
  }
}
