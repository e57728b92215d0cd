package show_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/singoff/singoff/clients/cli/show"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

var rewrite = flag.Bool("rewrite", false, "write the expected lines of testdata anew")

// Each file of testdata holds a story: an event in JSON a line, and below each, indented, the lines that people see.
// Change a story's events and run the test with -rewrite.
func TestStories(t *testing.T) {
	t.Parallel()
	stories, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(stories) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range stories {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := tell(t, string(want))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got != string(want) && !*rewrite {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// config tells times in UTC, of a day that the stories are set on.
func config() show.Config {
	return show.Config{Zone: time.UTC, Now: func() time.Time { return time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC) }}
}

func tell(t *testing.T, story string) string {
	t.Helper()
	p := show.New(config())
	var out strings.Builder
	for line := range strings.Lines(story) {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		out.WriteString(line)
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		ev := &singoffv1.Event{}
		if err := protojson.Unmarshal([]byte(line), ev); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for _, l := range p.Event(ev) {
			out.WriteString("    " + l.String() + "\n")
		}
	}
	return out.String()
}

func chat(text string) *singoffv1.Event {
	return &singoffv1.Event{MemberId: "m1", Body: &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Nickname: "Mina", Text: text}}}
}

func TestColourOnlyWhereAskedFor(t *testing.T) {
	t.Parallel()
	cfg := config()
	if got := show.New(cfg).Event(chat("hello"))[0].String(); strings.Contains(got, "\x1b") {
		t.Errorf("without colour: got %q", got)
	}
	cfg.Colour = true
	got := show.New(cfg).Event(chat("a\x1b[31mb"))[0].String()
	if !strings.Contains(got, "\x1b[") || strings.Contains(got, "\x1b[31m") {
		t.Errorf("with colour: got %q, want colours of our own and none of the text's", got)
	}
	if note := show.New(cfg).Problem("x").String(); !strings.Contains(note, "\x1b[31m! x\x1b[0m") {
		t.Errorf("a problem: got %q, want it red", note)
	}
}

func TestPosition(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0:00", -time.Second: "0:00", 65*time.Second + 999*time.Millisecond: "1:05", time.Hour + 2*time.Minute + 5*time.Second: "1:02:05",
	} {
		if got := show.Position(d); got != want {
			t.Errorf("Position(%v) = %q, want %q", d, got, want)
		}
	}
}

// Whatever a server sends, no line holds anything a terminal obeys.
func FuzzEvent(f *testing.F) {
	f.Add("hello")
	f.Add("\x1b[2J\r\n\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		member := &singoffv1.Member{MemberId: "m1", Nickname: s, Role: 1, Seat: 1}
		track := &singoffv1.Track{TrackId: s, Title: s, Artist: s}
		p := show.New(config())
		for _, ev := range []*singoffv1.Event{
			{Body: &singoffv1.Event_Welcome{Welcome: &singoffv1.Welcome{Self: member, Room: &singoffv1.RoomState{
				RoomId: s, Title: s, Members: []*singoffv1.Member{member, {MemberId: "m2", Nickname: s, Role: 2, Pick: track}},
				NowPlaying: &singoffv1.NowPlaying{SingerMemberId: "m2", Track: track}}}}},
			{MemberId: "m2", Body: &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: s, Nickname: s, ToMemberId: "x", ToNickname: s}}},
			{MemberId: "m2", Body: &singoffv1.Event_Presence{Presence: &singoffv1.Presence{Change: 1, Member: &singoffv1.Member{MemberId: s, Nickname: s}, RoomTitle: s}}},
			{MemberId: s, Body: &singoffv1.Event_MusicSelected{MusicSelected: &singoffv1.MusicSelected{Track: track}}},
			{MemberId: s, Body: &singoffv1.Event_Moderation{Moderation: &singoffv1.Moderation{Action: 3, MemberId: s, Nickname: s}}},
			{Body: &singoffv1.Event_Rejected{Rejected: &singoffv1.Rejected{Message: s, Field: s}}},
			{Body: &singoffv1.Event_Announcement{Announcement: &singoffv1.Announcement{Text: s}}},
		} {
			for _, line := range p.Event(ev) {
				if i := strings.IndexFunc(line.String(), func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e' }); i >= 0 {
					t.Fatalf("%T of %+q: got %+q, want nothing a terminal obeys", ev.GetBody(), s, line)
				}
			}
		}
	})
}
