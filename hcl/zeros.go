package hcl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A zero is a number that is written with a leading zero. HCL reads 04 as 4, and where a conditional, a list or a
// function makes texts of its parts, that 4 becomes text without a word. Nobody writes 04 and means 4, so it is an error
// wherever it stands outside quoted text, whatever becomes of its value.
type zero struct {
	text string
	at   hcl.Range
}

var (
	mayHoldZero = regexp.MustCompile(`\b0[0-9]`)
	leadingZero = regexp.MustCompile(`^0[0-9]`)
)

// findZeros notes the numbers with a leading zero of one source.
func (c *complaints) findZeros(name string, pieces []piece) {
	for _, part := range pieces {
		if !mayHoldZero.Match(part.src) {
			continue
		}
		tokens, _ := hclsyntax.LexConfig(part.src, name, part.at) // what does not lex was told by the parser
		for _, t := range tokens {
			if t.Type == hclsyntax.TokenNumberLit && leadingZero.Match(t.Bytes) {
				c.zeros = append(c.zeros, zero{string(t.Bytes), t.Range})
			}
		}
	}
}

// findZerosInJSON looks into the templates; JSON itself has no such numbers. The place is that of the whole text.
func (c *complaints) findZerosInJSON(name string, src []byte) {
	if !mayHoldZero.Match(src) {
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(src))
	for {
		before := decoder.InputOffset()
		token, err := decoder.Token()
		if err != nil {
			return
		}
		text, ok := token.(string)
		if !ok || !mayHoldZero.MatchString(text) || !strings.Contains(text, "{") {
			continue
		}
		tokens, _ := hclsyntax.LexTemplate([]byte(text), name, hcl.InitialPos)
		for _, t := range tokens {
			if t.Type == hclsyntax.TokenNumberLit && leadingZero.Match(t.Bytes) {
				end := int(decoder.InputOffset())
				start := int(before) + bytes.IndexByte(src[before:end], '"')
				c.zeros = append(c.zeros, zero{string(t.Bytes), hcl.Range{Filename: name, Start: positionOf(src, start), End: positionOf(src, end)}})
			}
		}
	}
}

func positionOf(src []byte, offset int) hcl.Pos {
	from := bytes.LastIndexByte(src[:offset], '\n') + 1
	return hcl.Pos{
		Line: bytes.Count(src[:offset], []byte("\n")) + 1, Column: len([]rune(string(src[from:offset]))) + 1, Byte: offset,
	}
}

// addZeros complains of the numbers that no more precise complaint was about.
func (c *complaints) addZeros() {
	told := map[string]map[int]bool{}
	for _, p := range c.problems {
		if p.code != "number_where_text" {
			continue
		}
		written := c.sourceText(p.rng)
		at := p.rng.Start.Byte + len(written) - len(strings.TrimLeft(written, `-+( "${`))
		if told[p.rng.Filename] == nil {
			told[p.rng.Filename] = map[int]bool{}
		}
		told[p.rng.Filename][at] = true
	}
	for _, z := range c.zeros {
		if told[z.at.Filename][z.at.Start.Byte] {
			continue
		}
		c.add(problem{
			code: "number_where_text", summary: "A number with a leading zero", rng: z.at, in: place{context: c.contextAt(z.at)},
			detail: fmt.Sprintf("%s is the number %s, so the zero would be lost. Write %q where it is text, without the zero where it is a number.",
				z.text, strings.TrimLeft(z.text[:len(z.text)-1], "0")+z.text[len(z.text)-1:], z.text),
		})
	}
}
