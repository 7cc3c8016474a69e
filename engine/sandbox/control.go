package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// maxControlBody bounds what a control page reads, in bytes.
const maxControlBody = 1 << 20

// State is the answer of GET /sandbox/state.
type State struct {
	Logins            int            `json:"logins"`
	RefusedLogins     int            `json:"refused_logins"`
	OpenSessions      int            `json:"open_sessions"`
	MaxConcurrentJobs int            `json:"max_concurrent_jobs"`
	Calls             map[string]int `json:"calls"`
	Imports           []ImportRecord `json:"imports"`
	Exports           []ExportRecord `json:"exports"`
	Faults            []Fault        `json:"faults"`
	Conbox            ConboxState    `json:"conbox"`
}

func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /sandbox/faults":
		writeJSON(w, s.faults.list())
	case "POST /sandbox/faults":
		faults, err := readFaults(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.faults.arm(faults...)
		writeJSON(w, s.faults.list())
	case "DELETE /sandbox/faults":
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	case "GET /sandbox/state":
		writeJSON(w, State{
			Logins:            s.Logins(),
			RefusedLogins:     s.RefusedLogins(),
			OpenSessions:      s.OpenSessions(),
			MaxConcurrentJobs: s.MaxConcurrentJobs(),
			Calls:             s.Calls(),
			Imports:           s.Imports(),
			Exports:           s.Exports(),
			Faults:            s.faults.list(),
			Conbox:            s.ConboxState(),
		})
	case "GET /sandbox/conbox/settings":
		writeJSON(w, s.ConboxSettings())
	case "PUT /sandbox/conbox/settings":
		s.change(w, r, s.MergeConbox, func() any { return s.ConboxSettings() })
	case "GET /sandbox/conbox/documents":
		writeJSON(w, s.Documents())
	case "PUT /sandbox/conbox/documents":
		s.change(w, r, s.readDocuments, func() any { return s.Documents() })
	default:
		http.Error(w, "want GET, POST or DELETE /sandbox/faults, GET /sandbox/state, or GET or PUT /sandbox/conbox/settings or documents", http.StatusNotFound)
	}
}

// change hands the body to set and answers with what is now so.
func (s *Server) change(w http.ResponseWriter, r *http.Request, set func([]byte) error, now func() any) {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxControlBody))
	if err == nil {
		err = set(data)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, now())
}

func (s *Server) readDocuments(data []byte) error {
	var documents []ConboxDocument
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&documents); err != nil {
		return fmt.Errorf("read documents: %w", err)
	}
	return s.PutDocuments(documents...)
}

// readFaults accepts all or none, so that a typing error does not leave half a
// script armed.
func readFaults(body io.Reader) ([]Fault, error) {
	var faults []Fault
	if err := json.NewDecoder(io.LimitReader(body, maxControlBody)).Decode(&faults); err != nil {
		return nil, fmt.Errorf("read faults: %w", err)
	}
	for i, f := range faults {
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("fault %d: %w", i+1, err)
		}
	}
	return faults, nil
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	// The only error left is a caller that went away.
	_ = encoder.Encode(v)
}
