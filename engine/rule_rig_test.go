package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dropform/engine"
	"dropform/engine/durable"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

// shop is the connection of the tests of rules: the sandbox asks for Digest, as IIS does.
const shop = `
connection "conbox" "shop" {
  url       = "URL/conbox/service"
  username  = "` + sandbox.DemoConboxUser + `"
  password  = secret("env:CONBOX_PASSWORD")
  user_code = "` + sandbox.DemoUserCode + `"
  timeout   = "3s"
  rate      = "100000/s"
  retry {
    attempts = 2
    first    = "10ms"
    longest  = "20ms"
  }
}
`

// orders is a rule that places what it is given without asking anybody.
const orders = `
rule "purchase" "orders" {
  connection = connection.conbox.shop
  folder     = "in"
  approval   = "auto"

  csv {
    columns = "any"
  }

  document {
    DocTyp              = 2
    FinalCustomerLndCde = "D"
  }
}
`

// asked is the same rule, but a person is asked about each order.
var asked = strings.Replace(orders, `"auto"`, `"manual"`, 1)

// released marks as ready each document that orders has placed.
const released = `
rule "ready_status" "release" {
  connection = connection.conbox.shop
  after      = rule.purchase.orders

  document {
    ReadyStatus = true
  }
}
`

// called is a rule of orders under another name, with a folder of that name.
func called(name, rule string) string {
	return strings.NewReplacer(`"orders"`, `"`+name+`"`, `"in"`, `"`+name+`"`).Replace(rule)
}

// atStore is a block that uses the connection store instead of shop, or is that connection.
var atStore = strings.NewReplacer(`"shop"`, `"store"`, "conbox.shop", "conbox.store").Replace

// movedTo says that a block was renamed.
func movedTo(kind, from, to string) string {
	return fmt.Sprintf("moved {\n  from = %s.%s\n  to   = %s.%s\n}\n", kind, from, kind, to)
}

// order is a file with one line for each position, given as DocNbr/PosNbr.
func order(positions ...string) string {
	text := "DocNbr;PosNbr;Amount\n"
	for _, p := range positions {
		doc, pos, _ := strings.Cut(p, "/")
		text += doc + ";" + pos + ";1\n"
	}
	return text
}

// The positions of the demo that most tests order, and what the sandbox calls the order of the first document.
const (
	door   = "101224-01/Pos01"
	frame  = "101224-01/Pos02"
	hinge  = "101224-01/Pos03"
	window = "10000-15/Pos01"
	theDoc = "rule.purchase.orders[101224-01]"
)

// guidOf is the GUID that the sandbox has given to a position.
func (r *rig) guidOf(position string) string {
	r.t.Helper()
	doc, pos, _ := strings.Cut(position, "/")
	for _, d := range r.box.Documents() {
		for _, p := range d.Positions {
			if d.DocNbr == doc && p.PosNbr == pos {
				return p.PositionGuid
			}
		}
	}
	r.t.Fatalf("the sandbox has no %s", position)
	return ""
}

// price changes what a position costs.
func (r *rig) price(position, price string) {
	r.t.Helper()
	doc, pos, _ := strings.Cut(position, "/")
	for _, d := range r.box.Documents() {
		for i, p := range d.Positions {
			if d.DocNbr == doc && p.PosNbr == pos {
				d.Positions[i].FCoPrc = json.Number(price)
				if err := r.box.PutDocuments(d); err != nil {
					r.t.Fatal(err)
				}
			}
		}
	}
}

// placed lists the positions that were ordered, as DocNbr/PosNbr, in the order of the purchases.
func (r *rig) placed() []string {
	var out []string
	for _, e := range r.box.Purchases() {
		for _, p := range e.Positions {
			out = append(out, p.DocNbr+"/"+p.PosNbr)
		}
	}
	return out
}

// expectPlaced wants exactly these positions in the sandbox's list of purchases, whatever their order.
func (r *rig) expectPlaced(want ...string) {
	r.t.Helper()
	got := r.placed()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.t.Errorf("ordered %q, want %q", got, want)
	}
}

// expectPlan wants exactly these lines in the plan.
func (r *rig) expectPlan(cfg *engine.Config, want ...string) *engine.Plan {
	r.t.Helper()
	p := r.plan(cfg, engine.PlanOptions{})
	if got := lines(p); !slices.Equal(got, want) {
		r.t.Errorf("plan %q (waits %q, problems %v), want %q", got, waits(p), p.Problems, want)
	}
	return p
}

// expectNothing wants a plan without a step, a definition or a question.
func (r *rig) expectNothing(cfg *engine.Config) {
	r.t.Helper()
	if p := r.expectPlan(cfg); len(p.Definitions) > 0 || len(p.Waiting) > 0 || len(p.Problems) > 0 {
		r.t.Errorf("plan: %+v, waits %q, problems %v", p.Definitions, waits(p), p.Problems)
	}
}

func (r *rig) approve(cfg *engine.Config, patterns ...string) error {
	return r.requests(cfg, func(q engine.Requests) error {
		_, err := q.Approve(context.Background(), patterns)
		return err
	})
}

// applyNaming is apply with -approve=pattern.
func (r *rig) applyNaming(cfg *engine.Config, pattern string) engine.Tally {
	r.t.Helper()
	return r.applyChanged(cfg, func(p *engine.Plan) {
		for i, a := range p.Actions {
			if a.Approval == engine.ApprovalRequired && engine.MatchAddress(pattern, a.Address) {
				p.Actions[i].Approval = engine.ApprovalNamed
			}
		}
	})
}

// applyChanged is apply with something happening between the plan and its carrying out.
func (r *rig) applyChanged(cfg *engine.Config, meanwhile func(*engine.Plan)) engine.Tally {
	r.t.Helper()
	s := r.session(false)
	defer s.close(r.t)
	plan, err := r.planner(s.l).Plan(context.Background(), cfg, engine.PlanOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	meanwhile(plan)
	tally, err := s.r.Apply(context.Background(), context.Background(), cfg, plan)
	if err != nil {
		r.t.Fatal(err)
	}
	return tally
}

// stateOf is how the ledger has the orders of an item, oldest first, with a space between them.
func (r *rig) stateOf(rule, item string) string {
	r.t.Helper()
	var states []string
	for _, w := range r.works(rule, item) {
		states = append(states, string(w.State))
	}
	return strings.Join(states, " ")
}

func (r *rig) view(look func(*ledger.View) error) {
	r.t.Helper()
	reader, err := ledger.OpenReader(context.Background(), r.ledgerPath())
	if err != nil {
		r.t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.View(context.Background(), look); err != nil {
		r.t.Fatal(err)
	}
}

// holders names, for each hold, the item that has it, empty where it is free.
func (r *rig) holders(cfg *engine.Config, holds ...ledger.Hold) []string {
	r.t.Helper()
	out := make([]string, len(holds))
	r.view(func(v *ledger.View) error {
		c := cfg.Connections[0]
		systems, err := v.Systems(c.Address.String(), c.Endpoint())
		if err != nil {
			return err
		}
		found, err := v.Holders(systems, holds)
		for i, call := range found {
			if call != nil {
				out[i] = call.Item
			}
		}
		return err
	})
	return out
}

// temps lists the temporary files that lie anywhere in the project.
func (r *rig) temps() (out []string) {
	r.t.Helper()
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && durable.IsTemp(d.Name()) {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// ready is whether the sandbox has a document released.
func (r *rig) ready(docNbr string) bool {
	for _, d := range r.box.Documents() {
		if d.DocNbr == docNbr {
			return d.Ready
		}
	}
	return false
}

func (r *rig) remove(name string) {
	r.t.Helper()
	if err := os.Remove(r.path(name)); err != nil {
		r.t.Fatal(err)
	}
}
