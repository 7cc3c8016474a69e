package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// ConboxDocument is a Beleg: an offer or an order with its positions. Its
// field names and those of ConboxPosition are also those over HTTP.
type ConboxDocument struct {
	DocTyp    int64
	DocNbr    string
	Ready     bool
	Positions []ConboxPosition
}

// ConboxPosition is a configured article in a document. Prices and the amount
// are decimal text that is answered exactly as it stands here, "345.0" as
// 345.0; none is 0, no amount is 1.
type ConboxPosition struct {
	PosNbr       string
	PositionGuid string // "" gets one when the document is stored
	WarNbr       string
	WarDsc       string
	WarDscEx1    string
	WarDscEx2    string
	PrdGrp       string
	PrdGrpDsc    string
	ListPrice    json.Number
	FCoPrc       json.Number
	Amount       json.Number
}

// documents are the service's data; the owner's lock guards them.
type documents struct {
	list    []*ConboxDocument // oldest first
	byName  map[documentName]*ConboxDocument
	byGUID  map[string]place
	deleted map[string]bool // GUIDs, and numbers as documentName/PosNbr
	copies  int             // documents that SilentCopy made up
}

type documentName struct {
	typ int64
	nbr string
}

// String is how refusals call a document.
func (n documentName) String() string { return fmt.Sprintf("%s (Belegart %d)", n.nbr, n.typ) }

// place is where a position stands.
type place struct {
	document *ConboxDocument
	position *ConboxPosition
}

func newDocuments() documents {
	return documents{byName: make(map[documentName]*ConboxDocument), byGUID: make(map[string]place), deleted: make(map[string]bool)}
}

func (d ConboxDocument) name() documentName { return documentName{d.DocTyp, d.DocNbr} }

// prepared is a deep copy with GUIDs, in lower case, and numbers filled in, or
// an error on what a document cannot hold.
func (d ConboxDocument) prepared() (*ConboxDocument, error) {
	if d.DocNbr == "" {
		return nil, fmt.Errorf("a document without DocNbr")
	}
	d.Positions = slices.Clone(d.Positions)
	seen := make(map[string]bool)
	for i := range d.Positions {
		p := &d.Positions[i]
		if p.PosNbr == "" || strings.Contains(p.PosNbr, ",") || seen[p.PosNbr] {
			return nil, fmt.Errorf("document %s: PosNbr %q is empty, has a comma or is there twice", d.DocNbr, p.PosNbr)
		}
		seen[p.PosNbr] = true
		if p.PositionGuid == "" {
			p.PositionGuid = uuid.NewString()
		}
		guid, err := uuid.Parse(p.PositionGuid)
		if err != nil {
			return nil, fmt.Errorf("document %s: PositionGuid %q: %w", d.DocNbr, p.PositionGuid, err)
		}
		p.PositionGuid = guid.String()
		for _, number := range []*json.Number{&p.ListPrice, &p.FCoPrc, &p.Amount} {
			if *number == "" {
				*number = "0"
			}
			if _, err := json.Marshal(*number); err != nil {
				return nil, fmt.Errorf("document %s: %q is not a decimal number", d.DocNbr, *number)
			}
		}
		if !positive(p.Amount) {
			p.Amount = "1"
		}
	}
	return &d, nil
}

// put adds a prepared document, or replaces the one of its name.
func (ds *documents) put(d *ConboxDocument) {
	if old := ds.byName[d.name()]; old != nil {
		for i := range old.Positions {
			delete(ds.byGUID, old.Positions[i].PositionGuid)
		}
		ds.list = slices.DeleteFunc(ds.list, func(other *ConboxDocument) bool { return other == old })
	}
	ds.list = append(ds.list, d)
	ds.byName[d.name()] = d
	for _, p := range d.Positions {
		delete(ds.deleted, p.PositionGuid)
		delete(ds.deleted, numberKey(d, p.PosNbr))
	}
	ds.index(d)
}

// index finds the positions of a document again after its slice has changed.
func (ds *documents) index(d *ConboxDocument) {
	for i := range d.Positions {
		ds.byGUID[d.Positions[i].PositionGuid] = place{d, &d.Positions[i]}
	}
}

// add appends a position to a document.
func (ds *documents) add(d *ConboxDocument, p ConboxPosition) place {
	d.Positions = append(d.Positions, p)
	delete(ds.deleted, numberKey(d, p.PosNbr))
	ds.index(d)
	return ds.byGUID[p.PositionGuid]
}

// remove takes a position out of its document, which stays even when empty.
func (ds *documents) remove(at place) {
	guid := at.position.PositionGuid
	delete(ds.byGUID, guid)
	ds.deleted[guid], ds.deleted[numberKey(at.document, at.position.PosNbr)] = true, true
	at.document.Positions = slices.DeleteFunc(at.document.Positions, func(p ConboxPosition) bool { return p.PositionGuid == guid })
	ds.index(at.document)
}

func numberKey(d *ConboxDocument, posNbr string) string {
	return fmt.Sprintf("%d\x00%s\x00%s", d.DocTyp, d.DocNbr, posNbr)
}

// document finds a document by its numbers, or refuses.
func (ds *documents) document(name documentName) (*ConboxDocument, error) {
	if d := ds.byName[name]; d != nil {
		return d, nil
	}
	return nil, refuse("Der Beleg " + name.String() + " wurde nicht gefunden.")
}

// position finds a position of a document, or refuses.
func (ds *documents) position(d *ConboxDocument, posNbr string) (place, error) {
	for i := range d.Positions {
		if d.Positions[i].PosNbr == posNbr {
			return place{d, &d.Positions[i]}, nil
		}
	}
	if ds.deleted[numberKey(d, posNbr)] {
		return place{}, refuse("Die Position " + posNbr + " im Beleg " + d.name().String() + " wurde gelöscht.")
	}
	return place{}, refuse("Die Position " + posNbr + " wurde im Beleg " + d.name().String() + " nicht gefunden.")
}

// guid finds a position by its GUID, or refuses. A DocTyp that is given makes
// the vendor's search faster, so it must be that of the document.
func (ds *documents) guid(guid string, docTyp json.Number) (place, error) {
	parsed, err := uuid.Parse(guid)
	if err != nil {
		return place{}, refuse("Die PositionGuid " + guid + " ist ungültig.")
	}
	at, found := ds.byGUID[parsed.String()]
	if found && (docTyp == "" || docTyp == wholeNumber(at.document.DocTyp)) {
		return at, nil
	}
	if ds.deleted[parsed.String()] {
		return place{}, refuse("Die Position mit der GUID " + guid + " wurde gelöscht.")
	}
	return place{}, refuse("Die Position mit der GUID " + guid + " wurde nicht gefunden.")
}

// PutDocuments adds documents, and replaces those of the same DocTyp and
// DocNbr; others stay. One that is wrong is an error, and nothing is stored.
func (s *Server) PutDocuments(documents ...ConboxDocument) error {
	prepared := make([]*ConboxDocument, len(documents))
	for i, d := range documents {
		var err error
		if prepared[i], err = d.prepared(); err != nil {
			return fmt.Errorf("put documents: %w", err)
		}
	}
	s.conbox.mu.Lock()
	defer s.conbox.mu.Unlock()
	if err := s.conbox.documents.checkGUIDs(prepared); err != nil {
		return fmt.Errorf("put documents: %w", err)
	}
	for _, d := range prepared {
		s.conbox.documents.put(d)
	}
	return nil
}

// checkGUIDs finds a GUID that would stand in two places.
func (ds *documents) checkGUIDs(added []*ConboxDocument) error {
	owner := make(map[string]documentName)
	for guid, at := range ds.byGUID {
		owner[guid] = at.document.name()
	}
	for _, d := range added {
		seen := make(map[string]bool)
		for _, p := range d.Positions {
			if other, taken := owner[p.PositionGuid]; seen[p.PositionGuid] || taken && other != d.name() {
				return fmt.Errorf("document %s: the GUID %s is taken", d.DocNbr, p.PositionGuid)
			}
			seen[p.PositionGuid], owner[p.PositionGuid] = true, d.name()
		}
	}
	return nil
}

// Documents returns the documents as they are now, oldest first.
func (s *Server) Documents() []ConboxDocument {
	s.conbox.mu.Lock()
	defer s.conbox.mu.Unlock()
	list := make([]ConboxDocument, len(s.conbox.documents.list))
	for i, d := range s.conbox.documents.list {
		list[i] = *d
		list[i].Positions = slices.Clone(d.Positions)
	}
	return list
}
