import "quote" {
  folder = "D:\"
  object = "o"
}

import "x" {
  folder = "in"
}
