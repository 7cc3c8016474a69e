package hcl

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"dropform/engine"
)

// A local is one local value.
type local struct {
	expr  hcl.Expression
	at    hcl.Range
	value cty.Value
}

// A declaration is one block with an address, before its for_each is carried out.
type declaration struct {
	base      engine.Address
	block     *hcl.Block
	spec      *blockSpec
	forEach   hcl.Expression
	keys      map[string]cty.Value // each.value by key; without for_each a single empty key
	keysKnown bool
	eachType  cty.Type // of each.value, NilType where the elements differ
	dependsOn []engine.Address
	after     engine.Address // the rule that a rule follows
	duplicate bool           // another block has the address; this one is decoded for its mistakes only
}

// declareBlocks collects local values and blocks, so that references can be checked whatever the order.
func (l *loader) declareBlocks() {
	for _, b := range l.top["locals"] {
		attrs, diags := b.Body.JustAttributes()
		l.addHCL(diags, place{context: "locals"})
		for name, a := range attrs {
			if first := l.locals[name]; first != nil {
				l.add(problem{
					code: "duplicate_address", summary: "Duplicate local." + name, rng: a.NameRange, in: place{address: "local." + name, context: "locals"},
					detail: fmt.Sprintf("%s:%d sets it already. Each local value needs a name of its own.", first.at.Filename, first.at.Start.Line),
				})
				continue
			}
			l.locals[name] = &local{expr: a.Expr, at: a.NameRange, value: cty.DynamicVal}
		}
	}
	for _, kind := range []string{"connection", "import", "export", "rule"} {
		for _, b := range l.top[kind] {
			l.declare(b)
		}
	}
}

func (l *loader) declare(b *hcl.Block) {
	kind, spec := b.Type, map[string]*blockSpec{"import": importSpec, "export": exportSpec}[b.Type]
	if len(b.Labels) == 2 {
		kinds := sortedKeys(connectionSpecs)
		if spec = connectionSpecs[b.Labels[0]]; b.Type == "rule" {
			kinds = sortedKeys(actions)
			if spec = nil; actions[b.Labels[0]] != nil {
				spec = actions[b.Labels[0]].spec
			}
		}
		if spec == nil {
			l.add(problem{
				code: "unknown_kind", summary: fmt.Sprintf("There is no %s %q", b.Type, b.Labels[0]), rng: b.LabelRanges[0], in: place{context: header(b)},
				detail: fmt.Sprintf("The first label is the kind: %s.%s", oneOfText(kinds), didYouMean(b.Labels[0], kinds)),
			})
			return
		}
		kind += "." + b.Labels[0]
	}
	last := len(b.Labels) - 1
	if !l.goodName(b, last) {
		return
	}
	d := &declaration{base: engine.Address{Kind: engine.Kind(kind), Name: b.Labels[last]}, block: b, spec: spec, forEach: forEachOf(b.Body)}
	if first := l.blocks[d.base]; first != nil {
		l.duplicate(b, d.base.String(), first.block.DefRange)
		d.duplicate = true
		l.order = append(l.order, d)
		return
	}
	l.blocks[d.base] = d
	l.order = append(l.order, d)
	if b.Type == "connection" {
		if l.connections[b.Labels[0]] == nil {
			l.connections[b.Labels[0]] = map[string]*declaration{}
		}
		l.connections[b.Labels[0]][d.base.Name] = d
	}
}

var forEachSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "for_each"}}}

func forEachOf(body hcl.Body) hcl.Expression {
	if native, ok := body.(*hclsyntax.Body); ok {
		if a := native.Attributes["for_each"]; a != nil {
			return a.Expr
		}
		return nil
	}
	content, _, _ := body.PartialContent(forEachSchema)
	if a := content.Attributes["for_each"]; a != nil {
		return a.Expr
	}
	return nil
}

// A vertex is a local value or the keys of a connection: what other values may refer to.
type vertex struct {
	name  string
	expr  hcl.Expression // nil for a connection without for_each
	in    *instance
	state int // 0 new, 1 under way, 2 done
	store func(cty.Value)
}

// evaluateGraph evaluates local values and connection keys, each after what it refers to, and makes the root context
// that every block shares.
func (l *loader) evaluateGraph() {
	vertices := map[string]*vertex{}
	for name, v := range l.locals {
		in := l.bare(nil)
		in.place = place{address: "local." + name, context: "locals"}
		vertices["local."+name] = &vertex{name: "local." + name, expr: v.expr, in: in, store: func(value cty.Value) {
			v.value = value
			if plain, _ := value.UnmarkDeep(); l.confidential["local."+name] {
				l.rememberSecret(plain)
			}
		}}
	}
	for _, d := range l.order {
		if d.block.Type == "connection" && !d.duplicate {
			in := l.bare(d.block)
			in.place.address = d.base.String()
			vertices[d.base.String()] = &vertex{name: d.base.String(), expr: d.forEach, in: in, store: func(value cty.Value) { l.setKeys(d, value, in) }}
		}
	}
	for _, name := range sortedKeys(vertices) {
		l.visit(vertices, vertices[name], nil)
	}
	locals := make(map[string]cty.Value, len(l.locals))
	for name, v := range l.locals {
		locals[name] = v.value
	}
	l.root.Variables["local"] = cty.ObjectVal(locals)
	l.root.Variables["connection"] = l.connectionObject(nil)
}

// visit evaluates one vertex after those it needs. A circle is reported once, with its path, and broken there.
func (l *loader) visit(vertices map[string]*vertex, v *vertex, path []string) {
	if v.state == 2 {
		return
	}
	path = append(path, v.name)
	if v.state == 1 {
		start := 0
		for i, name := range path {
			if name == v.name {
				start = i
				break
			}
		}
		l.add(problem{
			code: "cycle", summary: "Values refer to each other in a circle", rng: v.expr.Range(), in: v.in.place,
			detail: fmt.Sprintf("%s. One of them has to do without the next.", strings.Join(path[start:], " → ")),
		})
		return
	}
	v.state = 1
	needs := map[string]bool{}
	if v.expr != nil {
		for _, t := range v.expr.Variables() {
			if name := vertexName(t); vertices[name] != nil {
				needs[name] = true
				l.visit(vertices, vertices[name], path)
			}
		}
	}
	v.state = 2
	if v.expr == nil {
		v.store(cty.NilVal)
		return
	}
	v.in.ctx = l.vertexContext(needs)
	value, ok := v.in.evaluate(v.expr, 0)
	if !ok {
		value = cty.DynamicVal
	}
	v.store(value)
}

func vertexName(t hcl.Traversal) string {
	steps := 1
	if t.RootName() == "connection" {
		steps = 2
	}
	name := t.RootName()
	for i := 1; i <= steps; i++ {
		step, ok := stepName(t, i)
		if !ok {
			return ""
		}
		name += "." + step
	}
	return name
}

// vertexContext holds just what one expression needs, so that the whole stays linear.
func (l *loader) vertexContext(needs map[string]bool) *hcl.EvalContext {
	locals := map[string]cty.Value{}
	for name := range needs {
		if short, ok := strings.CutPrefix(name, "local."); ok {
			locals[short] = l.locals[short].value
		}
	}
	child := l.root.NewChild()
	child.Variables = map[string]cty.Value{"local": cty.ObjectVal(locals), "connection": l.connectionObject(needs)}
	return child
}

// connectionObject is `connection`: by kind and name a reference, or under for_each one for each key. With a set of
// names it holds only those.
func (l *loader) connectionObject(only map[string]bool) cty.Value {
	kinds := map[string]cty.Value{}
	for kind, list := range l.connections {
		names := map[string]cty.Value{}
		if only == nil {
			for name, d := range list {
				names[name] = d.reference()
			}
		}
		kinds[kind] = cty.ObjectVal(names)
	}
	for name := range only {
		parts := strings.SplitN(name, ".", 3)
		if parts[0] != "connection" {
			continue
		}
		names := kinds[parts[1]].AsValueMap()
		if names == nil {
			names = map[string]cty.Value{}
		}
		names[parts[2]] = l.connections[parts[1]][parts[2]].reference()
		kinds[parts[1]] = cty.ObjectVal(names)
	}
	return cty.ObjectVal(kinds)
}

func (d *declaration) reference() cty.Value {
	if !d.keysKnown {
		return cty.DynamicVal
	}
	if d.forEach == nil {
		return cty.CapsuleVal(connectionType, &connectionRef{address: d.base})
	}
	byKey := make(map[string]cty.Value, len(d.keys))
	for key := range d.keys {
		a := d.base
		a.Key, a.Keyed = key, true
		byKey[key] = cty.CapsuleVal(connectionType, &connectionRef{address: a})
	}
	return cty.ObjectVal(byKey)
}
