package sandbox

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"regexp"
	"strings"
	"testing"
)

// shop talks to the CONBOX service over a real connection, by the vendor's
// samples, without authentication at the web server.
type shop struct {
	*plainClient
	address string
}

const shopKey = `"UserAPIKey":"7546b3a7-73e8-40a7-a7b6-699b4d648ac1",`

func openShop(t *testing.T, settings ConboxSettings) *shop {
	t.Helper()
	c := start(t, Options{Documents: DemoDocuments(), Conbox: settings})
	return &shop{c, c.base + "/conbox/service"}
}

func envelope(data string) string {
	return `{"Service":"CONBOX","Language":"DE","UserCode":"ERP01",` + shopKey + `"ServiceData":` + data + `}`
}

func (s *shop) send(body string) reply {
	s.t.Helper()
	return s.post(s.address, params{"Content-Type": "application/json"}, strings.NewReader(body))
}

func (s *shop) act(data string) reply {
	s.t.Helper()
	return s.send(envelope(data))
}

type shopAnswer struct {
	Success           *bool
	ErrorMessage      *string
	ServiceReturnData json.RawMessage
}

func (s *shop) read(r reply) shopAnswer {
	s.t.Helper()
	var a shopAnswer
	decoder := json.NewDecoder(strings.NewReader(r.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&a); err != nil || a.Success == nil || a.ErrorMessage == nil {
		s.t.Fatalf("answer %d %q, error %v %v", r.status, r.body, r.err, err)
	}
	return a
}

// done demands success and returns ServiceReturnData in one line.
func (s *shop) done(r reply) string {
	s.t.Helper()
	a := s.read(r)
	if r.err != nil || r.status != 200 || !*a.Success || *a.ErrorMessage != "" || r.header.Get("Content-Type") != "application/json; charset=utf-8" {
		s.t.Fatalf("answer %d %q %v, error %v", r.status, r.body, r.header, r.err)
	}
	var line bytes.Buffer
	if err := json.Compact(&line, a.ServiceReturnData); err != nil {
		s.t.Fatal(err)
	}
	return line.String()
}

// denied demands a business refusal with this message, and no effect more than before.
func (s *shop) denied(r reply, message string) {
	s.t.Helper()
	a := s.read(r)
	if r.status != 200 || *a.Success || *a.ErrorMessage != message || string(a.ServiceReturnData) != "null" {
		s.t.Errorf("answer %d %q, want %q", r.status, r.body, message)
	}
}

// faulty demands a 400 and, as the only protocol fault, one of this kind.
func (s *shop) faulty(r reply, kind string) {
	s.t.Helper()
	if a := s.read(r); r.status != 400 || *a.Success || !strings.HasPrefix(*a.ErrorMessage, "Die Anfrage ist fehlerhaft: ") {
		s.t.Errorf("answer %d %q", r.status, r.body)
	}
	s.protocolFaults(kind)
}

func (s *shop) protocolFaults(kinds ...string) {
	s.t.Helper()
	var got []string
	for _, f := range s.server.ConboxState().ProtocolFaults {
		if f.Detail == "" || f.At.IsZero() || f.Action == "" {
			s.t.Errorf("protocol fault %+v", f)
		}
		got = append(got, f.Kind)
	}
	if strings.Join(got, " ") != strings.Join(kinds, " ") {
		s.t.Errorf("protocol faults %v, want %v", got, kinds)
	}
}

func (s *shop) effects(want int) []ConboxEffect {
	s.t.Helper()
	effects := s.server.Effects()
	if len(effects) != want {
		s.t.Fatalf("%d effects, want %d: %+v", len(effects), want, effects)
	}
	return effects
}

func (s *shop) document(typ int64, nbr string) ConboxDocument {
	s.t.Helper()
	for _, d := range s.server.Documents() {
		if d.DocTyp == typ && d.DocNbr == nbr {
			return d
		}
	}
	s.t.Fatalf("no document %s", nbr)
	return ConboxDocument{}
}

var (
	someGUID  = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	someImage = regexp.MustCompile(`"PosImg":"([^"]+)"`)
	someURL   = regexp.MustCompile(`"PosImgURL":"http://127\.0\.0\.1:\d+/conbox/image/[^"]+"`)
)

// masked replaces what differs from run to run; the address of the picture has a GUID, too.
func masked(data string) string {
	data = someURL.ReplaceAllString(data, `"PosImgURL":"URL"`)
	data = someImage.ReplaceAllString(data, `"PosImg":"PNG"`)
	return someGUID.ReplaceAllString(data, "GUID")
}

func (s *shop) picture(data string, width, height int) {
	s.t.Helper()
	found := someImage.FindStringSubmatch(data)
	if found == nil {
		s.t.Fatalf("no picture in %s", data)
	}
	file, err := base64.StdEncoding.DecodeString(found[1])
	if err != nil {
		s.t.Fatal(err)
	}
	config, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil || config.Width != width || config.Height != height {
		s.t.Errorf("picture of %d by %d, want %d by %d: %v", config.Width, config.Height, width, height, err)
	}
}
