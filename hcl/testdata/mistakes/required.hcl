connection "perbit" "hr" {
}

import "staff" {
}

import "partly" {
  folder = "in"
  email  = "nicht gueltig"

  csv {
    column "A" {
      in_file {
      }
    }

    check "c" {
    }
  }
}

export "out" {
}

export "target" {
  connection = connection.perbit.hr
  object     = "o"
  method     = "m"

  target {
  }
}

variable "v" {
  validation {
  }
}

variable "w" {
  type    = strng
  default = 1
}

variable "x" {
  type = list(sting)
}

import "two" "labels" {
}

import {
}
