package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"

	"dropform/engine/failpoint"
	"dropform/engine/sandbox"
)

// crashRace is something that two processes do to one file. It answers what is wrong in the end.
type crashRace func(s *crashSite, p *crashProgramme) []string

// crashBads says which part of the programme catches which wrong engine: a kill at a point, or a race.
var crashBads = map[string]struct {
	point string
	race  crashRace
}{
	failpoint.Resend:             {point: "job.answered"},
	failpoint.RecordAfterCall:    {point: "job.intend"},
	failpoint.DoneBeforeProtocol: {point: "protocol.fetched"},
	failpoint.NoCompareAndSet:    {race: raceForOne},
	failpoint.IgnoreEpoch:        {race: raceOfTheOvertaken},
	failpoint.WrongAttempt:       {race: raceOfAttempts},
}

// crashOne is the programme of the races: one file, which is not moved.
func crashOne() *crashProgramme {
	p := crashProgrammes()[0]
	p.files = map[string]string{"in/a.csv": crashFirst}
	p.check = func(s *crashSite) []string {
		if n, protocol := s.imported(crashFirst), s.text("in/a.csv.protocol.txt"); n != 1 || protocol == "" && !s.said("a.csv") {
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
			part := crashBads[bad]
			p := crashOne()
			s := newCrashSite(t, binary, bad, p.config)
			if part.race != nil && runtime.GOOS == "windows" {
				t.Skip("a lock that is held cannot be removed there")
			}
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
		})
	}
}

// crashRaces runs the races with the right engine.
func crashRaces(t *testing.T, binary string) {
	if runtime.GOOS == "windows" {
		t.Skip("a lock that is held cannot be removed there")
	}
	for name, part := range crashBads {
		if part.race == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := crashOne()
			s := newCrashSite(t, binary, "", p.config)
			s.report("", part.race(s, p))
		})
	}
}

// notSent leaves the file as one of which a first attempt came to nothing: it is planned again.
func (s *crashSite) notSent(p *crashProgramme) {
	p.prepare(s)
	s.run("DROPFORM_FAILPOINT=job.intended", victim...)
	s.quiet()
	s.must("resolve", "import.staff[a.csv]", "-did-not-happen")
}

// raceForOne: apply has planned to send the file, and before it begins, a watch has sent it.
func raceForOne(s *crashSite, p *crashProgramme) []string {
	s.notSent(p)
	slow := s.hold("run.begun", victim...)
	quick := s.hold("outcome.recorded", "watch")
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
	if err := s.box.Inject(refusal); err != nil {
		s.t.Fatal(err)
	}
	slow := s.hold("outcome.record", victim...)
	s.seemsGone()
	s.must("resolve", "import.staff[a.csv]", "-did-not-happen")
	quick := s.hold("job.answered,job.accepted", "watch")
	slow.release()
	quick.next()
	quick.kill()
	return p.violations(s)
}
