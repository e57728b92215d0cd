package flight_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/flight"
	"github.com/singoff/singoff/service/flight/flighttest"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

var rewrite = flag.Bool("rewrite", false, "write the golden log of the newest rules anew; for rules of a version that isn't released yet")

// golden names the files of a version: the log, and the state it leads to.
func golden(version int) (log, state string) {
	name := filepath.Join("testdata", fmt.Sprintf("rules-v%d", version))
	return name + ".flight", name + ".state"
}

// goldenPlay is what the newest golden log holds.
func goldenPlay(t *testing.T) (record, state []byte) {
	t.Helper()
	moments := flighttest.Tour(t, goldenSeed, goldenSteps)
	return file(t, nil, moments), moments[len(moments)-1].Snapshot
}

const (
	goldenSeed  = 1
	goldenSteps = 120
)

func read1(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Logs of every version of the rules there ever was lead to the state they led to when they were written, bit for bit.
func TestGoldenLogs(t *testing.T) {
	t.Parallel()
	if *rewrite {
		record, state := goldenPlay(t)
		log, end := golden(rules.Version)
		if err := errors.Join(os.WriteFile(log, record, 0o600), os.WriteFile(end, state, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for version := 1; version <= rules.Version; version++ {
		log, end := golden(version)
		r := replay(t, read1(t, log))
		if err := r.End(); err != nil {
			t.Errorf("version %d: %v", version, err)
		}
		want := read1(t, end)
		if got, err := r.Encoded(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("version %d: got another state than it led to, %d bytes and not the %d (%v): a log that is kept means something else now. "+
				"Rules that change what a record does need a new Version, and know the old one", version, len(got), len(want), err)
		}
	}
}

// What the rules decide is what they decided when their version's golden log was written.
func TestRulesHaveTheirVersion(t *testing.T) {
	t.Parallel()
	record, _ := goldenPlay(t)
	log, _ := golden(rules.Version)
	if want := read1(t, log); !bytes.Equal(record, want) {
		t.Errorf("got another log of the same play, %d bytes and not the %d: rules that decide otherwise need a new Version, and a golden log of it "+
			"(go test ./service/flight -run TestGoldenLogs -rewrite)", len(record), len(want))
	}
}

// The golden log has all that the rules know, or its replay would prove little.
func TestGoldenLogHasEverything(t *testing.T) {
	t.Parallel()
	log, _ := golden(rules.Version)
	reader, err := flight.NewReader(bytes.NewReader(read1(t, log)))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for {
		data, err := reader.Entry()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		records, err := engine.Records(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			see(seen, r)
		}
	}
	for _, want := range []string{
		"ack", "rejected", "chat_message", "vote", "music_selected", "presence", "playback", "moderation", "room_opened", "room_closed", "announcement",
		"a whisper", "a room made", "an attach nobody sees", "kept out by the operator", "number 0",
	} {
		if seen[want] == 0 {
			t.Errorf("the golden log has no %s", want)
		}
	}
	for _, kind := range []protoreflect.Enum{singoffv1.Presence_CHANGE_JOINED, singoffv1.Playback_ACTION_START, singoffv1.Moderation_ACTION_BAN, singoffv1.Vote_CHOICE_UP} {
		values := kind.Descriptor().Values()
		for i := 1; i < values.Len(); i++ {
			if name := string(values.Get(i).Name()); seen[name] == 0 {
				t.Errorf("the golden log has no %s", name)
			}
		}
	}
}

// see counts what a record has.
func see(seen map[string]int, r *rules.Record) {
	switch f := r.Fact.(type) {
	case *rules.Attached:
		if f.Made != nil {
			seen["a room made"]++
		}
		if r.Event == nil {
			seen["an attach nobody sees"]++
		}
	case *rules.Removed:
		if r.Event == nil {
			seen["kept out by the operator"]++
		}
	}
	if r.Event == nil {
		return
	}
	if m := r.Event.ProtoReflect(); m.WhichOneof(m.Descriptor().Oneofs().ByName("body")) != nil {
		seen[string(m.WhichOneof(m.Descriptor().Oneofs().ByName("body")).Name())]++
	}
	if r.Event.GetMemberId() != "" && r.Command == nil {
		seen["number 0"]++
	}
	switch {
	case r.Event.GetPresence() != nil:
		seen[r.Event.GetPresence().GetChange().String()]++
	case r.Event.GetPlayback() != nil:
		seen[r.Event.GetPlayback().GetAction().String()]++
	case r.Event.GetModeration() != nil:
		seen[r.Event.GetModeration().GetAction().String()]++
	case r.Event.GetVote() != nil:
		seen[r.Event.GetVote().GetChoice().String()]++
	case r.Event.GetChatMessage().GetToMemberId() != "":
		seen["a whisper"]++
	}
}
