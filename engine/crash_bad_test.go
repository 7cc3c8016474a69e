package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"

	"dropform/engine/failpoint"
	"dropform/engine/ledger"
	"dropform/engine/sandbox"
)

// crashRace is something that two processes do to one file. It answers what is wrong in the end.
type crashRace func(s *crashSite, p *crashProgramme) []string

// crashPart is the part of the programme that catches a wrong engine: a kill at a point, or a race.
type crashPart struct {
	point string
	race  crashRace
}

// crashBads says which part catches which wrong engine, where a file is imported.
var crashBads = map[string]crashPart{
	failpoint.Resend:             {point: "job.answered"},
	failpoint.RecordAfterCall:    {point: "job.intend"},
	failpoint.DoneBeforeProtocol: {point: "protocol.fetched"},
	failpoint.NoCompareAndSet:    {race: raceForOne},
	failpoint.IgnoreEpoch:        {race: raceOfTheOvertaken},
	failpoint.WrongAttempt:       {race: raceOfAttempts},
}

// crashBadOrders likewise, where an order is placed. An order has no protocol of the server's to wait for; and nobody goes
// on with the attempt of another, so that the attempt alone tells who was overtaken: an engine that ignores the epoch does
// no wrong there.
var crashBadOrders = map[string]crashPart{
	failpoint.Resend:          {point: "call.answered"},
	failpoint.RecordAfterCall: {point: "call.marked"},
	failpoint.NoCompareAndSet: {race: raceForOne},
	failpoint.WrongAttempt:    {race: raceOfAttempts},
}

// crashOrder is the programme of one order, which nobody is asked about.
func crashOrder() *crashProgramme {
	return &crashProgramme{
		name: "order", config: shop + orders, files: map[string]string{"in/a.csv": order(door)},
		happened: callHappened, check: callsOnce("Purchase", 1),
	}
}

// crashOne is the programme of one file, which is imported and not moved.
func crashOne() *crashProgramme {
	p := crashProgrammes()[0]
	p.files = map[string]string{"in/a.csv": crashFirst}
	p.check = func(s *crashSite) []string {
		if n, protocol := s.imported(crashFirst), s.text("in/a.csv.protocol.txt"); n != 1 || protocol == "" && !s.ended("a.csv", ledger.StateResolved) {
			return []string{fmt.Sprintf("a.csv was imported %d times, its protocol holds %q", n, protocol)}
		}
		return nil
	}
	return &p
}

// crashBad wants every wrong engine caught, by a part of the programme that finds nothing wrong with the right one.
func crashBad(t *testing.T, binary string) {
	if len(crashBads) != len(failpoint.Bads) {
		t.Errorf("%d wrong engines are tried, and there are %d", len(crashBads), len(failpoint.Bads))
	}
	for _, bad := range failpoint.Bads {
		t.Run(bad, func(t *testing.T) {
			t.Parallel()
			crashBads[bad].catch(t, binary, bad, crashOne())
		})
		if part, ok := crashBadOrders[bad]; ok {
			t.Run("order/"+bad, func(t *testing.T) {
				t.Parallel()
				part.catch(t, binary, bad, crashOrder())
			})
		}
	}
}

// catch plays the part with a wrong engine.
func (part crashPart) catch(t *testing.T, binary, bad string, p *crashProgramme) {
	t.Helper()
	if part.race != nil && runtime.GOOS == "windows" {
		t.Skip("a lock that is held cannot be removed there")
	}
	s := newCrashSite(t, binary, bad, p.config)
	var caught []string
	if part.race != nil {
		caught = part.race(s, p)
	} else {
		p.prepare(s)
		s.run("DROPFORM_FAILPOINT="+part.point, victim...)
		s.quiet()
		caught = p.violations(s)
	}
	if len(caught) == 0 {
		t.Fatalf("%s was not caught: %q", bad, s.history)
	}
	t.Logf("caught: %.300s", caught[0])
}

// crashRaces plays every part with the right engine.
func crashRaces(t *testing.T, binary string) {
	if runtime.GOOS == "windows" {
		t.Skip("a lock that is held cannot be removed there")
	}
	for of, parts := range map[string]map[string]crashPart{"import": crashBads, "order": crashBadOrders} {
		for name, part := range parts {
			if part.race == nil {
				continue // a kill at a point, which is done at each of them
			}
			t.Run(of+"/"+name, func(t *testing.T) {
				t.Parallel()
				p := crashOne()
				if of == "order" {
					p = crashOrder()
				}
				s := newCrashSite(t, binary, "", p.config)
				s.report("", part.race(s, p))
			})
		}
	}
}

// notSent leaves the file as one of which a first attempt came to nothing: it is planned again.
func (s *crashSite) notSent(p *crashProgramme) {
	p.prepare(s)
	s.run("DROPFORM_FAILPOINT="+p.of("job.intended", "call.intended"), victim...)
	s.quiet()
	s.must("resolve", p.of("import.staff[a.csv]", theDoc), "-did-not-happen")
}

// of is what the programme has in the place of an import's word.
func (p *crashProgramme) of(imported, ordered string) string {
	if p.name == "order" {
		return ordered
	}
	return imported
}

// raceForOne: apply has planned to send the file, and before it records that, a watch has sent it. Of an import apply holds the
// turn by then; taken for dead, it gives that to the watch, which has no outcome yet when apply goes on.
func raceForOne(s *crashSite, p *crashProgramme) []string {
	s.notSent(p)
	at := "job.intend"
	if p.name == "order" {
		at = "run.begun"
	}
	slow := s.hold(at, victim...)
	if p.name != "order" {
		s.seemsGone()
	}
	quick := s.hold(p.of("job.accepted", "outcome.recorded"), "watch")
	quick.kill()
	slow.release()
	return p.violations(s)
}

// seemsGone removes the locks of every process, so that those that live are taken for dead.
func (s *crashSite) seemsGone() {
	s.t.Helper()
	locks, err := filepath.Glob(s.path(".dropform/locks/*.lock"))
	if err != nil || len(locks) == 0 {
		s.t.Fatalf("locks %q, %v", locks, err)
	}
	for _, lock := range locks {
		if err := os.Remove(lock); err != nil {
			s.t.Fatal(err)
		}
	}
}

// raceOfTheOvertaken: apply is about to record that the import is done; taken for dead, it is overtaken by a watch, which
// goes on with the same job. What apply then records must change nothing.
func raceOfTheOvertaken(s *crashSite, p *crashProgramme) (out []string) {
	p.prepare(s)
	slow := s.hold("outcome.record", victim...)
	s.seemsGone()
	quick := s.hold("job.resumed", "watch")
	before, err := s.work("import.staff", "a.csv")
	if err != nil {
		s.t.Fatal(err)
	}
	slow.release()
	after, err := s.work("import.staff", "a.csv")
	if err != nil || !reflect.DeepEqual(before, after) {
		out = append(out, fmt.Sprintf("who was overtaken has booked: %+v, then %+v, %v", before, after, err))
	}
	quick.kill()
	return append(out, p.violations(s)...)
}

// raceOfAttempts: apply was refused and is about to record that; taken for dead, its work is unknown, a person says
// truthfully that it did not happen, and a watch sends the file and has its answer. That it was refused is about the
// first attempt: nobody may take it for the second, and send a third.
func raceOfAttempts(s *crashSite, p *crashProgramme) []string {
	p.prepare(s)
	refusal := sandbox.Fault{Kind: sandbox.FaultStatus, Action: "Import", Times: 1, Status: 400, Body: "Methode ist nicht vorhanden."}
	if p.name == "order" {
		refusal = onPurchase(sandbox.FaultRefuse)
	}
	if err := s.box.Inject(refusal); err != nil {
		s.t.Fatal(err)
	}
	slow := s.hold("outcome.record", victim...)
	s.seemsGone()
	s.must("resolve", p.of("import.staff[a.csv]", theDoc), "-did-not-happen")
	quick := s.hold(p.of("job.answered,job.accepted", "call.answered,outcome.recorded"), "watch")
	slow.release()
	quick.next()
	quick.kill()
	return p.violations(s)
}
