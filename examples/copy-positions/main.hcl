# Copies positions from a list: each line of a file in copies/in is one
# SilentCopy, from a position of one document to a position of another.
#
# It runs as it is against the test server. In one terminal:
#   dropform sandbox
# In another, with CONBOX_PASSWORD and CONBOX_KEY set as the sandbox says:
#   dropform plan
#   dropform apply
# Copies need no approval of their own: the "yes" of apply is enough. The same
# file dropped again copies nothing; a new list is a new request.

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

rule "silent_copy" "reorders" {
  connection = connection.conbox.shop
  folder     = "copies/in"

  csv {
    column "SrcDocNbr" {
      required = true
    }

    column "SrcPosNbr" {
      required = true
    }

    column "Ziel" {
      required = true
    }

    column "ZielPos" {
      required = true
    }

    # The price list writes amounts as 1.000,5; a typed column reads that.
    column "Menge" {
      type  = "decimal"
      scale = 2
      min   = 0
    }
  }

  # The columns SrcDocNbr and SrcPosNbr bear names of CONBOX's own fields and are
  # taken as they are. The others are named here. An empty Menge sends none: the
  # copy then has the amount of its source.
  position {
    DocTyp    = 2
    DocNbr    = row.Ziel
    PosNbr    = row.ZielPos
    SrcDocTyp = 2
    Amount    = row.Menge
  }

  archive {
    folder        = "copies/done"
    failed_folder = "copies/failed"
  }
}
