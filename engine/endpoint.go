package engine

import "dropform/engine/ledger"

// Endpoint is the normalised address of the system behind the connection, as the ledger knows it.
func (c *Connection) Endpoint() string { return ledger.Endpoint(c.URL, c.CustomerID) }
