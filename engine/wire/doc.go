// Package wire is what the clients of both systems need of HTTP and of a server's error pages, whichever vendor's they
// are: a transport that repeats nothing, the words for what is certain about a failed request, and a page of HTML, JSON
// or Windows-1252 text made readable.
//
// It knows neither vendor's actions nor texts, decides nothing about sending again, and holds no credential. Only
// engine/perbit and engine/conbox use it; it exists so that a trap of HTTP is met in one place.
package wire
