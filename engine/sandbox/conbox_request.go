package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// conboxCall is one request as the service reads it. The action of a call
// without a body is "Probe", that of one whose action CONBOX does not have, or
// that cannot be read, is "invalid".
type conboxCall struct {
	*http.Request
	receivedAt time.Time
	body       []byte
	action     string
	envelope   object
	data       object          // ServiceData
	rawData    json.RawMessage // its bytes
	wrong      *wireError      // why it cannot be obeyed
	faults     faultSet
	verdict    verdict
}

// wireError is a request that breaks the protocol, with the kind of its
// ProtocolFault.
type wireError struct{ kind, detail string }

func (e *wireError) Error() string { return e.detail }

func newConboxCall(r *http.Request, body []byte, now time.Time) *conboxCall {
	c := &conboxCall{Request: r, receivedAt: now, body: body, action: "invalid"}
	if c.probe() {
		c.action = "Probe"
		return c
	}
	if c.tooLarge() {
		return c
	}
	var err error
	if c.envelope, err = readStrict(body); err != nil {
		c.wrong = &wireError{ProtocolNotStrict, err.Error()}
		return c
	}
	value, _ := c.envelope.get("ServiceData")
	c.data, _ = value.(object)
	spelt := c.data.text("Action")
	fields, known := conboxFields[spelt]
	if known {
		c.action = spelt
	}
	if c.wrong = checkObject("", c.envelope, envelopeFields); c.wrong == nil && known {
		if c.wrong = checkObject("ServiceData.", c.data, fields); c.wrong == nil {
			c.wrong = checkAddress(c.action, c.data)
		}
	}
	if c.wrong == nil {
		var raw struct{ ServiceData json.RawMessage }
		// The body has been read before, and the key is there once, in this case.
		_ = json.Unmarshal(body, &raw)
		c.rawData = raw.ServiceData
	}
	return c
}

// probe tells a request without a body.
func (c *conboxCall) probe() bool { return len(c.body) == 0 }

// tooLarge tells a body of which only the start was read.
func (c *conboxCall) tooLarge() bool { return len(c.body) > maxConboxBody }

// reads tells an action that changes nothing.
func (c *conboxCall) reads() bool {
	return c.action == positionData || c.action == misspeltPositionData
}

// The action and its spelling in the vendor's request samples.
const (
	positionData         = "GetPositionData"
	misspeltPositionData = "GetPostionData"
)

// fieldKind is what the samples write as the value of a key.
type fieldKind int

const (
	aText fieldKind = iota
	aWhole
	aDecimal
	aBoolean
	anObject
	anAddress   // the object DlvAdr
	anOrderList // the array PosData
)

func (k fieldKind) String() string {
	return [...]string{"text", "a whole number", "a number", "true or false", "an object", "an object", "an array of objects"}[k]
}

// fieldSet are the keys of an object, spelt as in the vendor's samples.
type fieldSet map[string]fieldKind

var envelopeFields = fieldSet{"Service": aText, "Language": aText, "UserCode": aText, "UserAPIKey": aText, "ServiceData": anObject}

// conboxFields are the keys of ServiceData for each action that CONBOX has.
var conboxFields = map[string]fieldSet{
	"SilentCopy": {
		"Action": aText, "PositionGuid": aText, "DocTyp": aWhole, "DocNbr": aText, "PosNbr": aText, "SrcDocTyp": aWhole,
		"SrcDocNbr": aText, "SrcPosNbr": aText, "Amount": aDecimal, "PosImgWidth": aWhole, "PosImgHeight": aWhole,
	},
	"Delete": {"Action": aText, "PositionGuid": aText, "DocTyp": aWhole, "DocNbr": aText, "PosNbr": aText},
	"Purchase": {
		"Action": aText, "DocTyp": aWhole, "DocNbr": aText, "FinalCustomerLndCde": aText, "PosNbr": aText, "ExtPchNbr": aText,
		"Subject": aText, "PurchaseTxt": aText, "DlvAdr": anAddress, "PosData": anOrderList,
	},
	"SaveDocumentAs": {"Action": aText, "DocTyp": aWhole, "DocNbr": aText, "SrcDocTyp": aWhole, "SrcDocNbr": aText},
	"SetReadyStatus": {"Action": aText, "DocTyp": aWhole, "DocNbr": aText, "ReadyStatus": aBoolean},
	positionData:     positionDataFields, misspeltPositionData: positionDataFields,
}

var (
	positionDataFields = fieldSet{
		"Action": aText, "PositionGuid": aText, misspeltPositionData: aText, "DocTyp": aWhole, "DocNbr": aText, "PosNbr": aText,
	}
	addressFields = fieldSet{
		"AdrTit": aText, "AdrNam01": aText, "AdrNam02": aText, "OrdNam": aText, "AdrStr": aText, "AdrLnd": aText, "AdrPcd": aText, "AdrReg": aText,
	}
	orderFields = fieldSet{"PosNbr": aText, "PositionGuid": aText, "LVNbr": aText, "NotTxt": aText, "Amount": aDecimal}
)

func checkObject(path string, o object, fields fieldSet) *wireError {
	for _, m := range o {
		kind, known := fields[m.key]
		if !known {
			return &wireError{ProtocolShape, "the key " + path + m.key + " is not in the samples"}
		}
		if err := checkValue(path+m.key, m.value, kind); err != nil {
			return err
		}
	}
	return nil
}

func checkValue(path string, value any, kind fieldKind) *wireError {
	fits := false
	switch v := value.(type) {
	case string:
		fits = kind == aText
	case json.Number:
		fits = kind == aDecimal || kind == aWhole && !strings.ContainsAny(v.String(), ".eE") && len(v) < 16
	case bool:
		fits = kind == aBoolean
	case object:
		if kind == anAddress {
			return checkObject(path+".", v, addressFields)
		}
		fits = kind == anObject
	case []any:
		if kind == anOrderList {
			return checkOrderList(path, v)
		}
	}
	if !fits {
		return &wireError{ProtocolShape, path + " is not " + kind.String()}
	}
	return nil
}

func checkOrderList(path string, list []any) *wireError {
	for i, value := range list {
		entry, ok := value.(object)
		at := fmt.Sprintf("%s[%d]", path, i)
		if !ok {
			return &wireError{ProtocolShape, at + " is not an object"}
		}
		if err := checkObject(at+".", entry, orderFields); err != nil {
			return err
		}
	}
	return nil
}

// checkAddress finds a position that is addressed by GUID and by number at
// once. Only SilentCopy may name a target beside the GUID of its source.
func checkAddress(action string, data object) *wireError {
	numbers := []string{"DocNbr", "PosNbr"}
	if action == "SilentCopy" {
		numbers = []string{"SrcDocTyp", "SrcDocNbr", "SrcPosNbr"}
	}
	byGUID := data.has("PositionGuid") || data.has(misspeltPositionData)
	for _, entry := range orderList(data) {
		if entry.has("PositionGuid") && entry.has("PosNbr") {
			return &wireError{ProtocolMixedAddress, "an entry of PosData with PositionGuid and PosNbr"}
		}
		byGUID = byGUID || entry.has("PositionGuid")
	}
	if byGUID && slices.ContainsFunc(numbers, data.has) {
		return &wireError{ProtocolMixedAddress, "a PositionGuid beside " + strings.Join(numbers, ", ")}
	}
	return nil
}

// orderList are the entries of PosData.
func orderList(data object) []object {
	value, _ := data.get("PosData")
	list, _ := value.([]any)
	entries := make([]object, 0, len(list))
	for _, v := range list {
		if entry, ok := v.(object); ok {
			entries = append(entries, entry)
		}
	}
	return entries
}

// nameOf reads the two numbers of a document, under the prefix "" or "Src".
func nameOf(data object, prefix string) documentName {
	// checkObject let only whole numbers of at most fifteen digits through.
	typ, _ := data.number(prefix + "DocTyp").Int64()
	return documentName{typ, data.text(prefix + "DocNbr")}
}

// positive tells a number above 0 by its digits, whatever its exponent.
func positive(n json.Number) bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(n.String()), "e")
	return !strings.HasPrefix(mantissa, "-") && strings.ContainsAny(mantissa, "123456789")
}

func wholeNumber(n int64) json.Number { return json.Number(fmt.Sprint(n)) }
