package faultlog_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/faultlog"
)

var room = eventlog.Key{Namespace: "default", Room: "battle"}

func entry(id byte, seq uint64) eventlog.Entry {
	return eventlog.Entry{Batch: eventlog.BatchID{id}, FirstSeq: seq, Count: 1, Data: []byte{id}}
}

// outcome is a word for an append's answer.
func outcome(err error) string {
	for word, known := range map[string]error{
		"refused": eventlog.ErrRefused, "unknown": eventlog.ErrUnknown, "conflict": eventlog.ErrConflict, "closed": eventlog.ErrClosed,
	} {
		if errors.Is(err, known) {
			return word
		}
	}
	if err == nil {
		return "kept"
	}
	return err.Error()
}

// batches are the first bytes of the batch ids in the log: 'f' for foreign.
func batches(t *testing.T, log eventlog.Log) string {
	t.Helper()
	head, err := log.Open(t.Context(), room)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	var s strings.Builder
	for _, stored := range head.Entries {
		s.WriteByte(stored.Batch[0])
	}
	return s.String()
}

func TestPlannedFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		faults   []faultlog.Fault // of one append, tried again each time
		outcomes string
		want     string // batches in the log before what is late is delivered
		after    string // and after it
	}{
		{"none", []faultlog.Fault{faultlog.None}, "kept", "a", "a"},
		{"refused", []faultlog.Fault{faultlog.Refused}, "refused", "", ""},
		{"refused, then not", []faultlog.Fault{faultlog.Refused, faultlog.None}, "refused kept", "a", "a"},
		{"unknown, kept", []faultlog.Fault{faultlog.UnknownKept}, "unknown", "a", "a"},
		{"unknown, lost", []faultlog.Fault{faultlog.UnknownLost}, "unknown", "", ""},
		{"unknown, late", []faultlog.Fault{faultlog.UnknownLate}, "unknown", "", "a"},
		{"tried again after each unknown", []faultlog.Fault{faultlog.UnknownLost, faultlog.UnknownKept, faultlog.None}, "unknown unknown kept", "a", "a"},
		{"late and kept by the second try", []faultlog.Fault{faultlog.UnknownLate, faultlog.None}, "unknown kept", "a", "a"},
		{"conflict", []faultlog.Fault{faultlog.Conflict}, "conflict", "f", "f"},
		{"late and overtaken", []faultlog.Fault{faultlog.UnknownLate, faultlog.Conflict}, "unknown conflict", "f", "f"},
		{"kept, so no conflict", []faultlog.Fault{faultlog.UnknownKept, faultlog.Conflict}, "unknown kept", "a", "a"},
		// To call these refused would be a lie, and a room would do twice what it was asked once.
		{"kept, so not refused", []faultlog.Fault{faultlog.UnknownKept, faultlog.Refused, faultlog.None}, "unknown unknown kept", "a", "a"},
		{"late, so not refused", []faultlog.Fault{faultlog.UnknownLate, faultlog.Refused}, "unknown unknown", "", "a"},
		{"broken, and tried again", []faultlog.Fault{faultlog.Broken, faultlog.None}, "faultlog (broken): a planned fault kept", "a", "a"},
		{"late, then broken", []faultlog.Fault{faultlog.UnknownLate, faultlog.Broken}, "unknown faultlog (broken): a planned fault", "", "a"},
		{"lost, so refused is true", []faultlog.Fault{faultlog.UnknownLost, faultlog.Refused}, "unknown refused", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			log := open(t, faultlog.Config{})
			log.Next(test.faults...)
			var got []string
			for range test.faults {
				_, err := log.Append(t.Context(), room, 0, entry('a', 1))
				got = append(got, outcome(err))
			}
			if got := strings.Join(got, " "); got != test.outcomes {
				t.Errorf("outcomes: %s, want %s", got, test.outcomes)
			}
			if got := batches(t, log); got != test.want {
				t.Errorf("the log holds %q, want %q", got, test.want)
			}
			log.Deliver(t.Context())
			if got := batches(t, log); got != test.after || log.Late() != 0 {
				t.Errorf("the log holds %q after late ones were delivered, and %d are late, want %q and 0", got, log.Late(), test.after)
			}
		})
	}
}

func TestDeliverCountsWhatIsKept(t *testing.T) {
	t.Parallel()
	log := open(t, faultlog.Config{})
	log.Next(faultlog.UnknownLate, faultlog.UnknownLate)
	data := entry('a', 1)
	for _, e := range []eventlog.Entry{data, entry('b', 1)} {
		if _, err := log.Append(t.Context(), room, 0, e); outcome(err) != "unknown" {
			t.Fatalf("Append: %v, want ErrUnknown", err)
		}
	}
	data.Data[0] = 'x' // the caller's again
	if got := log.Late(); got != 2 {
		t.Errorf("Late: %d, want 2", got)
	}
	if got := log.Deliver(t.Context()); got != 1 {
		t.Errorf("Deliver: %d kept, want 1 of two for one place", got)
	}
	head, err := log.Open(t.Context(), room)
	if err != nil || len(head.Entries) != 1 || string(head.Entries[0].Data) != "a" {
		t.Errorf("the log holds %v, error %v; want the first entry as it was given", head.Entries, err)
	}
}

// A late append that turned out to be impossible isn't a reason to call the next try unknown for ever: nobody would get on.
func TestLateAppendThatIsRefused(t *testing.T) {
	t.Parallel()
	log := open(t, faultlog.Config{})
	log.Next(faultlog.UnknownLate)
	var got []string
	for range 3 {
		_, err := log.Append(t.Context(), room, 0, entry('a', 7))
		if got = append(got, outcome(err)); len(got) == 2 {
			log.Deliver(t.Context())
		}
	}
	if got, want := strings.Join(got, " "), "unknown unknown refused"; got != want {
		t.Errorf("outcomes of an append with a wrong seq, late, then again, then delivered: %s, want %s", got, want)
	}
}

func TestAlways(t *testing.T) {
	t.Parallel()
	log := open(t, faultlog.Config{})
	log.Always(faultlog.Refused)
	log.Next(faultlog.UnknownLost)
	var got []string
	try := func() {
		_, err := log.Append(t.Context(), room, 0, entry('a', 1))
		got = append(got, outcome(err))
	}
	try()
	try()
	try()
	log.Always(faultlog.None)
	try()
	if got, want := strings.Join(got, " "), "unknown refused refused kept"; got != want {
		t.Errorf("outcomes: %s, want %s", got, want)
	}
}

func TestForeignEntry(t *testing.T) {
	t.Parallel()
	var attempts []string
	log := open(t, faultlog.Config{
		Foreign: func(key eventlog.Key, after eventlog.Position, e eventlog.Entry) eventlog.Entry {
			if key != room || after != 1 {
				t.Errorf("Foreign is asked for %v after %d, want %v after 1", key, after, room)
			}
			return entry('R', e.FirstSeq)
		},
		Observe: func(a faultlog.Attempt) {
			attempts = append(attempts, fmt.Sprintf("%c after %d: %v: %d %s", a.Entry.Batch[0], a.After, a.Fault, a.Position, outcome(a.Err)))
		},
	})
	log.Next(faultlog.None, faultlog.Conflict)
	if _, err := log.Append(t.Context(), room, 0, entry('a', 1)); err != nil {
		t.Fatalf("Append: %v", err)
	}
	if _, err := log.Append(t.Context(), room, 1, entry('b', 2)); outcome(err) != "conflict" {
		t.Errorf("Append: %v, want ErrConflict", err)
	}
	if got := batches(t, log); got != "aR" {
		t.Errorf("the log holds %q, want aR", got)
	}
	want := "a after 0: none: 1 kept, b after 1: conflict: 0 conflict"
	if got := strings.Join(attempts, ", "); got != want {
		t.Errorf("observed: %s\nwant: %s", got, want)
	}
}

func TestFail(t *testing.T) {
	t.Parallel()
	log := open(t, faultlog.Config{})
	if _, err := log.Append(t.Context(), room, 0, entry('a', 1)); err != nil {
		t.Fatalf("Append: %v", err)
	}
	calls := map[faultlog.Call]func() error{
		faultlog.Open: func() error { _, err := log.Open(t.Context(), room); return err },
		faultlog.Read: func() (last error) {
			for _, last = range log.Read(t.Context(), room, 1) {
			}
			return last
		},
		faultlog.StoreSnapshot: func() error {
			return log.StoreSnapshot(t.Context(), room, eventlog.Snapshot{Position: 1, Seq: 1})
		},
		faultlog.Trim: func() error { return log.Trim(t.Context(), room, 1) },
	}
	unreachable := errors.New("unreachable")
	for failing := range calls {
		log.Fail(failing, unreachable)
		for call, do := range calls {
			var want error
			if call == failing {
				want = unreachable
			}
			if err := do(); !errors.Is(err, want) {
				t.Errorf("call %d while %d fails: %v, want %v", call, failing, err, want)
			}
		}
		log.Fail(failing, nil)
		if err := calls[failing](); err != nil {
			t.Errorf("call %d after it works again: %v", failing, err)
		}
	}
}

func TestChancesFollowTheSeed(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (faults string, count map[faultlog.Fault]int) {
		count = make(map[faultlog.Fault]int)
		words := make(map[string]int)
		log := open(t, faultlog.Config{
			Seed:    seed,
			Chances: faultlog.Chances{Refused: 0.1, UnknownKept: 0.1, UnknownLost: 0.1, UnknownLate: 0.1, Conflict: 0.1, Deliver: 0.3},
			Observe: func(a faultlog.Attempt) {
				faults += fmt.Sprint(int(a.Fault))
				count[a.Fault]++
			},
		})
		for i := range 2000 {
			key := eventlog.Key{Namespace: "default", Room: fmt.Sprint(i)}
			e := entry(0, 1)
			e.Batch = eventlog.BatchID{byte(i), byte(i >> 8), 1}
			_, err := log.Append(t.Context(), key, 0, e)
			words[outcome(err)]++
		}
		unknown := count[faultlog.UnknownKept] + count[faultlog.UnknownLost] + count[faultlog.UnknownLate]
		if words["refused"] != count[faultlog.Refused] || words["conflict"] != count[faultlog.Conflict] || words["unknown"] != unknown {
			t.Errorf("answers %v for faults %v", words, count)
		}
		return faults, count
	}
	first, count := run(1)
	for fault := faultlog.Refused; fault <= faultlog.Conflict; fault++ {
		if got := count[fault]; got < 140 || got > 260 {
			t.Errorf("%v: %d of 2000, want about 200", fault, got)
		}
	}
	if again, _ := run(1); again != first {
		t.Error("the same seed gives other faults")
	}
	if other, _ := run(2); other == first {
		t.Error("another seed gives the same faults")
	}
}

func TestConfigNamesWhatIsOutOfBounds(t *testing.T) {
	t.Parallel()
	below := open(t, faultlog.Config{})
	for want, config := range map[string]faultlog.Config{
		"Log: none is given":       {},
		"refused: -1":              {Log: below, Chances: faultlog.Chances{Refused: -1}},
		"unknown, late: 2":         {Log: below, Chances: faultlog.Chances{UnknownLate: 2}},
		"conflict: NaN":            {Log: below, Chances: faultlog.Chances{Conflict: math.NaN()}},
		"together 1.2":             {Log: below, Chances: faultlog.Chances{UnknownKept: 0.6, UnknownLost: 0.6}},
		"Deliver: 1.5 is not with": {Log: below, Chances: faultlog.Chances{Deliver: 1.5}},
	} {
		log, err := faultlog.New(config)
		if log != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%+v): log %v and error %v, want none and %q", config.Chances, log, err, want)
		}
	}
}
