package hcl

import (
	"crypto/sha256"
	"encoding/hex"

	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// inputs is a digest of everything that the configuration was made of: the text of its files and the value of every
// variable, sensitive ones included. It gives nothing away only as long as it is not stored as it is.
func (l *loader) inputs() string {
	h := sha256.New()
	part := func(s string) {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	for _, name := range l.config.Files {
		if f := l.files[name]; f != nil {
			part(name)
			part(string(f.Bytes))
		}
	}
	for _, name := range sortedKeys(l.variables) {
		v, _ := l.variables[name].value.UnmarkDeep()
		part(name)
		if raw, err := ctyjson.Marshal(v, v.Type()); err == nil {
			part(string(raw))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
