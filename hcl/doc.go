// Package hcl reads dropform's configuration language (LANGUAGE.md) and formats it.
//
// It promises that Load reports every mistake of a configuration in one run, each with a stable code, its place in the
// source, the reason and what to do, and that a returned engine.Config is complete and checked: nothing in it fails
// later for a reason that the text alone could have shown. No HCL or cty type leaves the package: what can only be known
// later (paths under `run` and `file`, secrets, row conditions) leaves as a function that may be called from any
// goroutine.
//
// It reads files through the file system it is given and the environment it is handed, never the ledger, the network or
// a secret: a secret's source is only opened when engine.Secret.Reveal is called. Diagnostics never show a secret, the
// value of a sensitive variable or the literal in a secret attribute.
//
// What a secret attribute of a connection uses is treated like a secret in every message: the values of the variables and
// local values that it refers to, and the texts written out in it.
//
// A number that is written with a leading zero is an error wherever it stands outside quoted text (04 is the number 4,
// and nobody writes 04 to say 4); a number where text is due is an error however it is written. So no conversion inside
// an expression, such as `true ? 04 : "x"`, loses a zero silently.
//
// A block of which for_each makes no instance, and a dynamic block that gives none, are checked all the same.
//
// Format is `terraform fmt`, byte for byte.
package hcl
