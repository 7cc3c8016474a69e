package hcl

import (
	"bytes"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// piece is a part of a file that hclsyntax has parsed.
type piece struct {
	src []byte
	at  hcl.Pos
}

// parseNative parses a file as hclsyntax.ParseConfig does, to the same tree with the same ranges. Nearly all blocks of a
// configuration are plain (see plainBlock), and reading those here takes a fifth of the time and memory; what is not plain
// goes to hclsyntax block by block, so that never the tokens of a whole file are held. Where that has anything to say, it
// gets the whole file and says it: no complaint is made here.
//
// The pieces are what hclsyntax has parsed. What is not among them holds no number with a leading zero.
func parseNative(src []byte, name string) (*hcl.File, hcl.Diagnostics, []piece) {
	if body, pieces, ok := parseByBlocks(src, name); ok {
		return &hcl.File{Body: body, Bytes: src}, nil, pieces
	}
	file, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	return file, diags, []piece{{src, hcl.InitialPos}}
}

// parseByBlocks is false where the file has anything but blocks at its top, or where only hclsyntax knows what it is.
func parseByBlocks(src []byte, name string) (*hclsyntax.Body, []piece, bool) {
	if bytes.IndexByte(src, '\r') >= 0 {
		return nil, nil, false
	}
	p := &plain{src: src, name: name, line: 1}
	body := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, Blocks: hclsyntax.Blocks{}}
	var pieces []piece
	for p.blank(); p.at < len(src); p.blank() {
		from := *p
		if b := p.block(); b != nil {
			body.Blocks = append(body.Blocks, b)
			continue
		}
		*p = from
		if p.next() >= utf8.RuneSelf { // alone, it could be a byte order mark
			return nil, nil, false
		}
		part := piece{p.untilBlockEnds(), p.pos()}
		file, diags := hclsyntax.ParseConfig(part.src, name, part.at)
		if len(diags) > 0 {
			return nil, nil, false
		}
		found, ok := file.Body.(*hclsyntax.Body)
		if !ok || len(found.Attributes) > 0 || len(found.Blocks) == 0 {
			return nil, nil, false // two files could set one attribute twice only unseen
		}
		body.Blocks = append(body.Blocks, found.Blocks...)
		pieces = append(pieces, part)
		p.skip(part.src)
	}
	end := p.pos()
	body.SrcRange = hcl.Range{Filename: name, Start: hcl.InitialPos, End: end}
	body.EndRange = hcl.Range{Filename: name, Start: end, End: end}
	return body, pieces, true
}

// outline is where the blocks at the top of a file stand. It tells in which of them a place is, as hclsyntax does, and lets
// go of the trees.
type outline []hclsyntax.Block

func outlineOf(body *hclsyntax.Body) outline {
	out := make(outline, len(body.Blocks))
	for i, b := range body.Blocks {
		out[i] = hclsyntax.Block{Type: b.Type, Labels: b.Labels, TypeRange: b.TypeRange, CloseBraceRange: b.CloseBraceRange}
	}
	return out
}

// ContextString is the header of the block at an offset.
func (o outline) ContextString(offset int) string {
	for i := range o {
		if b := &o[i]; b.Range().ContainsOffset(offset) {
			return header(&hcl.Block{Type: b.Type, Labels: b.Labels})
		}
	}
	return ""
}

// plain reads blocks of a plain form from a source. Every method that fails leaves it anywhere: the caller goes back to where
// the block began.
type plain struct {
	src  []byte
	name string
	at   int
	line int
	from int // where the line would begin if each character were one byte
}

func (p *plain) pos() hcl.Pos { return hcl.Pos{Line: p.line, Column: p.at - p.from + 1, Byte: p.at} }

func (p *plain) since(start hcl.Pos) hcl.Range {
	return hcl.Range{Filename: p.name, Start: start, End: p.pos()}
}

// next is the byte at the place, 0 at the end.
func (p *plain) next() byte {
	if p.at < len(p.src) {
		return p.src[p.at]
	}
	return 0
}

func (p *plain) spaces() {
	for p.at < len(p.src) && (p.src[p.at] == ' ' || p.src[p.at] == '\t') {
		p.at++
	}
}

// endLine goes to the next line if nothing but a comment is left on this one.
func (p *plain) endLine() bool {
	p.spaces()
	rest := p.src[p.at:]
	if bytes.HasPrefix(rest, []byte("#")) || bytes.HasPrefix(rest, []byte("//")) {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return false
		}
		p.at += end
	}
	if p.next() != '\n' {
		return false
	}
	p.at++
	p.line++
	p.from = p.at
	return true
}

// blank goes over empty lines and comments, to where something stands.
func (p *plain) blank() {
	for p.endLine() {
	}
}

// skip goes over a text.
func (p *plain) skip(text []byte) {
	p.at += len(text)
	p.line += bytes.Count(text, []byte("\n"))
	p.from = p.at - len(text) + bytes.LastIndexByte(text, '\n') + 1
}

// untilBlockEnds is the text up to the first line that begins with a closing brace, which ends a block whose text is laid
// out as usual.
func (p *plain) untilBlockEnds() []byte {
	rest := p.src[p.at:]
	brace := bytes.Index(rest, []byte("\n}"))
	if brace < 0 {
		return rest
	}
	if end := bytes.IndexByte(rest[brace+2:], '\n'); end >= 0 {
		return rest[:brace+2+end+1]
	}
	return rest
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

// ident reads a name of ASCII characters; empty where there is none.
func (p *plain) ident() string {
	start := p.at
	if !letter(p.next()) {
		return ""
	}
	for p.at < len(p.src) && (letter(p.src[p.at]) || digit(p.src[p.at]) || p.src[p.at] == '-') {
		p.at++
	}
	if p.next() >= 0x80 {
		return ""
	}
	return string(p.src[start:p.at])
}

// block reads a block with its header on one line, its items on lines of their own and its closing brace on another; nil where
// it has another form, or any part that is not plain.
func (p *plain) block() *hclsyntax.Block {
	start := p.pos()
	b := &hclsyntax.Block{Type: p.ident()}
	b.TypeRange = p.since(start)
	if b.Type == "" || !p.labels(b) {
		return nil
	}
	open := p.pos()
	p.at++
	b.OpenBraceRange = p.since(open)
	b.Body = &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, Blocks: hclsyntax.Blocks{}}
	if p.next() != '}' && !p.endLine() || !p.items(b.Body) {
		return nil
	}
	end := p.pos()
	p.at++
	b.CloseBraceRange = p.since(end)
	b.Body.SrcRange = p.since(open)
	b.Body.EndRange = p.since(p.pos())
	if !p.endLine() {
		return nil
	}
	return b
}

// labels reads up to the opening brace.
func (p *plain) labels(b *hclsyntax.Block) bool {
	for {
		p.spaces()
		if p.next() == '{' {
			return true
		}
		start := p.pos()
		label := ""
		if p.next() == '"' {
			p.at++
			text, whole := p.literal()
			if !whole || p.next() != '"' {
				return false
			}
			p.at++
			label = text
		} else if label = p.ident(); label == "" {
			return false
		}
		b.Labels = append(b.Labels, label)
		b.LabelRanges = append(b.LabelRanges, p.since(start))
	}
}

// items reads a body up to its closing brace.
func (p *plain) items(body *hclsyntax.Body) bool {
	for {
		p.blank()
		if p.next() == '}' {
			return true
		}
		from := *p
		name := p.ident()
		named := p.since(from.pos())
		p.spaces()
		if name == "" {
			return false
		}
		if p.next() != '=' {
			*p = from
			inner := p.block()
			if inner == nil {
				return false
			}
			body.Blocks = append(body.Blocks, inner)
			continue
		}
		equals := p.pos()
		p.at++
		a := &hclsyntax.Attribute{Name: name, NameRange: named, EqualsRange: p.since(equals)}
		p.spaces()
		if a.Expr = p.value(); a.Expr == nil || body.Attributes[name] != nil {
			return false
		}
		a.SrcRange = hcl.Range{Filename: p.name, Start: named.Start, End: p.pos()}
		if !p.endLine() {
			return false
		}
		body.Attributes[name] = a
	}
}
