import "before" {
  folder = "D:\data"
  method = 7
}

connection "perbit" "hr" {
  password = "hunter2
}

import "behind" {
  foldr = "x"
}
