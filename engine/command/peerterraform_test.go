package command_test

// tenResources says the same in the peer's words, as far as it has them: the attributes and the references are those of
// tenBlocks, in a resource that is built in and does nothing.
const tenResources = `resource "terraform_data" "hr@" {
  input = {
    url         = "https://perbit@.example.com/webApi"
    customer_id = var.customer_id
    username    = "API-Import-User"
    password    = var.password
  }
}

resource "terraform_data" "shop@" {
  input = {
    url          = "https://conbox@.example.com/service"
    username     = "erp"
    password     = var.password
    user_code    = "ERP01"
    user_api_key = var.password
  }
}

resource "terraform_data" "staff@" {
  input = {
    connection = terraform_data.hr@.id
    folder     = "staff/@"
    match      = ["*.csv", "*.txt"]
    object     = "Mitarbeiter"
    method     = "Import Mitarbeiterstammdaten @"
    encoding   = "windows-1252"

    columns = [
      { name = "PersonalNr", type = "integer", required = true, unique = true },
      { name = "Name", required = true, max_length = 60 },
      { name = "Eintritt", type = "date", format = "DD.MM.YYYY" },
      { name = "Gehalt", type = "decimal", min = 0, sensitive = true },
      { name = "Abteilung", one_of = ["Vertrieb", "Einkauf", local.department] },
    ]

    archive       = "staff/@/done/${formatdate("YYYY/MM", local.day)}"
    failed_folder = "staff/@/failed"
  }
}

resource "terraform_data" "absence@" {
  input = {
    connection = terraform_data.hr@.id
    folder     = "absence/@"
    object     = "Abwesenheiten"
    method     = "Import Abwesenheiten @"
    order      = "any"
    key        = ["PersonalNr", "Von"]

    columns = [
      { name = "PersonalNr", type = "integer" },
      { name = "Von", type = "date", format = "DD.MM.YYYY" },
      { name = "Bis", type = "date", format = "DD.MM.YYYY" },
    ]
  }

  lifecycle {
    precondition {
      condition     = local.day == null || local.department != local.day
      error_message = "Bis lies before Von."
    }
  }
}

resource "terraform_data" "time@" {
  input = {
    connection = terraform_data.hr@.id
    folder     = "time/@"
    object     = "Zeitkonten"
    method     = "Import Zeitkonten @"
    settle     = "5s"
    protocol   = "${local.department}.protokoll.txt"
  }
}

resource "terraform_data" "cost@" {
  input = {
    connection = terraform_data.hr@.id
    folder     = "cost/@"
    object     = "Kostenstellen"
    method     = "Import Kostenstellen @"
    columns    = [{ name = "Kostenstelle", pattern = "[0-9]{4,6}" }]
  }
}

resource "terraform_data" "payroll@" {
  for_each = var.companies

  input = {
    connection = terraform_data.hr@.id
    object     = "Mitarbeiter"
    method     = "Datenexport Lohn @"
    number     = each.value.number
    entry      = formatdate("DD.MM.YYYY", local.day)
    cron       = "30 5 * * MON-FRI"
    missed     = "once"
    path       = "payroll/@/lohn_${formatdate("YYYYMM", local.day)}_${each.key}.csv"
    encoding   = "windows-1252"
    keep       = 12
    min_rows   = 1
    columns    = ["PersonalNr", "Name"]
    max_shrink = "30%"
  }
}

resource "terraform_data" "directory@" {
  depends_on = [terraform_data.staff@]

  input = {
    connection = terraform_data.hr@.id
    object     = "Mitarbeiter"
    method     = "Datenexport Verzeichnis @"
    every      = "6h"
    path       = "directory/@/${local.department}.csv"
  }
}

resource "terraform_data" "orders@" {
  input = {
    connection          = terraform_data.shop@.id
    folder              = "orders/@"
    match               = ["*.csv"]
    DocTyp              = 2
    FinalCustomerLndCde = "D"
  }
}

resource "terraform_data" "release@" {
  input = {
    connection  = terraform_data.shop@.id
    after       = terraform_data.orders@.id
    ReadyStatus = true
  }
}

`

const tenResourcesHead = `variable "customer_id" {
  type    = string
  default = "6f1d2c9a-4b7e-4e53-9a0c-2d8f51b3c7e4"
}

variable "password" {
  type    = string
  default = "none"
}

variable "companies" {
  type    = map(object({ number = string }))
  default = { wels = { number = "04" } }
}

locals {
  department = "Versand"
  day        = "2026-02-01T00:00:00Z"
}

`

const oneResource = `resource "terraform_data" "payroll" {
  for_each = toset(local.names)

  input = {
    object   = "Mitarbeiter"
    method   = "Datenexport Lohn"
    number   = each.value
    cron     = "30 5 * * MON-FRI"
    path     = "payroll/lohn_${formatdate("YYYYMM", "2026-02-01T00:00:00Z")}_${each.key}.csv"
    encoding = "windows-1252"
    keep     = 12
  }
}
`

const hashedFiles = `resource "terraform_data" "files" {
  for_each = fileset(path.module, "in/*.csv")
  input    = filesha256("${path.module}/${each.value}")
}
`
