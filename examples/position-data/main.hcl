# What does it cost, and what does it look like? Drop a list of positions into
# lists/in: for each list a CSV with article, texts and prices comes into
# lists/prices, and the pictures into a folder beside it. Nothing is changed on
# the server.
#
# It runs as it is against the test server. In one terminal:
#   dropform sandbox
# In another, with CONBOX_PASSWORD and CONBOX_KEY set as the sandbox says:
#   dropform apply
#
# GetPositionData exists since moveIT 54.30.14.

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

rule "position_data" "prices" {
  connection = connection.conbox.shop
  folder     = "lists/in"

  # A line names its position by document and number, or by PositionGuid. These
  # columns bear CONBOX's own names, so nothing more has to be said about them.
  csv {
    column "DocNbr" {}
    column "PosNbr" {}
    column "PositionGuid" {}
  }

  position {
    DocTyp = 2
  }

  # result.path starts at the list's own folder, so this is lists/prices; images
  # starts here. In lists/in a name that ends in .csv would itself be taken for a
  # list. A number in the result stands exactly as the server wrote it.
  result {
    path   = "../prices/${file.stem}.csv"
    images = "lists/prices/${file.stem}"
  }
}
