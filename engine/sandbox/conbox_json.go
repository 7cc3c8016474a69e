package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// object is a JSON object in the order of its keys. Its values are string,
// json.Number (the text of the number as it was written), bool, nil, object,
// []object and []any.
type object []member

type member struct {
	key   string
	value any
}

func (o object) get(key string) (value any, found bool) {
	for _, m := range o {
		if m.key == key {
			return m.value, true
		}
	}
	return nil, false
}

func (o object) has(key string) bool {
	_, found := o.get(key)
	return found
}

// text returns a text, "" when there is none of that name.
func (o object) text(key string) string {
	value, _ := o.get(key)
	text, _ := value.(string)
	return text
}

// number returns a number as it was written, "" when there is none.
func (o object) number(key string) json.Number {
	value, _ := o.get(key)
	number, _ := value.(json.Number)
	return number
}

// without is a copy that lacks some keys.
func (o object) without(keys ...string) object {
	return slices.DeleteFunc(slices.Clone(o), func(m member) bool { return slices.Contains(keys, m.key) })
}

// MarshalJSON keeps the order of the keys and the text of the numbers.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := writeValue(&b, m.key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := writeValue(&b, m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// writeValue leaves <, > and & as they are, as the vendor's samples do.
func writeValue(b *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's line end
	return nil
}

// maxNesting is how deep a request may go; the samples end at four.
const maxNesting = 16

// readStrict reads what is JSON to the letter: UTF-8 without a byte order
// mark, no comment, no comma too many or too few, no key twice, an object.
func readStrict(data []byte) (object, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		return nil, errors.New("a byte order mark before the JSON")
	}
	var syntax json.RawMessage
	if err := json.Unmarshal(data, &syntax); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	value, err := readValue(decoder, 0)
	if err != nil {
		return nil, err
	}
	if o, ok := value.(object); ok {
		return o, nil
	}
	return nil, errors.New("not a JSON object")
}

func readValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxNesting {
		return nil, errors.New("nested too deep")
	}
	token, err := d.Token()
	switch {
	case err != nil:
		return nil, err
	case token == json.Delim('{'):
		return readObject(d, depth)
	case token == json.Delim('['):
		list := []any{}
		for d.More() {
			value, err := readValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := d.Token()
		return list, err
	}
	return token, nil
}

func readObject(d *json.Decoder, depth int) (any, error) {
	o := object{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string) // the only token that can stand here
		if o.has(key) {
			return nil, fmt.Errorf("the key %q twice", key)
		}
		value, err := readValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o = append(o, member{key, value})
	}
	_, err := d.Token()
	return o, err
}
