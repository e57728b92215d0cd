package tui_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/singoff/singoff/clients/cli/tui"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// hard are texts that terminals and rulers stumble over.
var hard = []string{
	"Mina", "금요일 배틀", "\u1112\u1161\u11ab\u1100\u1173\u11af", "👨‍👩‍👧‍👦🇰🇷❤️👍🏽🏴󠁧󠁢󠁳󠁣󠁴󠁿", "e\u0301\u0301\u0301\u0301", "\u200d\ufe0f\u1161", "نص عربي", "a\x1b[2J\r\n\u202e\t", "ㅋㅋㅋㅋㅋㅋ", strings.Repeat("가", 300),
	strings.Repeat("👨‍👩‍👧‍👦", 50), "\xff\xfe broken",
}

// welcome is a full room in which everything is called the same.
func welcome(text string) *singoffv1.Event {
	text = strings.ToValidUTF8(text, "?")
	track := &singoffv1.Track{TrackId: "t", Title: text, Artist: text, Duration: durationpb.New(time.Minute)}
	self := &singoffv1.Member{MemberId: "m1", Nickname: text, Role: singoffv1.Role_ROLE_SINGER, Seat: 1, Pick: track}
	held := timestamppb.New(eight.Add(20 * time.Second))
	room := &singoffv1.RoomState{
		RoomId: "r", Title: text, Seats: &singoffv1.Seats{Singers: 2, Watchers: 6}, HostMemberId: "m2", Locked: true,
		Members: []*singoffv1.Member{
			self, {MemberId: "m2", Nickname: text, Role: singoffv1.Role_ROLE_SINGER, Seat: 2, Away: true, HeldUntil: held},
			{MemberId: "m3", Nickname: text, Role: singoffv1.Role_ROLE_WATCHER, Seat: 1}, {MemberId: "m4", Nickname: text, Role: singoffv1.Role_ROLE_WATCHER, Seat: 6, Away: true},
			{MemberId: "m5", Role: singoffv1.Role_ROLE_OBSERVER},
		},
		Counts:  &singoffv1.Counts{Singers: 2, Watchers: 2, Observers: 1, Away: 2},
		Tallies: []*singoffv1.SingerTally{{SingerMemberId: "m1", Tally: &singoffv1.Tally{UpGuests: 1 << 30, DownSignedIn: 7}}},
		NowPlaying: &singoffv1.NowPlaying{
			SingerMemberId: "m1", Track: track, State: singoffv1.NowPlaying_STATE_PLAYING, StartsAt: timestamppb.New(eight.Add(-10 * time.Second)),
		},
	}
	return &singoffv1.Event{Body: &singoffv1.Event_Welcome{Welcome: &singoffv1.Welcome{Self: self, Room: room, SnapshotSeq: 1}}}
}

// sung are lyrics whose first line is half sung.
func sung(text string) tui.Lyrics {
	text = strings.ToValidUTF8(text, "?")
	word := func(at time.Duration) *singoffv1.LyricsWord {
		return &singoffv1.LyricsWord{Start: durationpb.New(at), Text: text + " "}
	}
	return tui.Lyrics{TrackID: "t", Lyrics: &singoffv1.GetLyricsResponse{
		Kind: singoffv1.LyricsKind_LYRICS_KIND_WORDS,
		Lines: []*singoffv1.LyricsLine{
			{Start: durationpb.New(time.Second), Text: text + " " + text, Words: []*singoffv1.LyricsWord{word(time.Second), word(15 * time.Second)}, Together: []string{text}},
			{Start: durationpb.New(20 * time.Second), Text: text},
		},
	}}
}

func said(seq uint64, text string) *singoffv1.Event {
	text = strings.ToValidUTF8(text, "?")
	chat := &singoffv1.ChatMessage{Text: text, Nickname: text}
	return &singoffv1.Event{Seq: seq, MemberId: "m3", Time: timestamppb.New(eight), Body: &singoffv1.Event_ChatMessage{ChatMessage: chat}}
}

// fits tells that a screen has as many rows as it may, none wider than it may be, that the cursor stands on it, and that nothing but colours is
// meant for the terminal.
func fits(t *testing.T, s *story, width, height int) {
	t.Helper()
	method := ansi.WcWidth
	if s.unicode {
		method = ansi.GraphemeWidth
	}
	view := s.model.View()
	rows := strings.Split(view.Content, "\n")
	if len(rows) != max(height, 2) {
		t.Errorf("%dx%d: got %d rows:\n%s", width, height, len(rows), view.Content)
	}
	for _, row := range rows {
		if got := method.StringWidth(row); got > width {
			t.Errorf("%dx%d, unicode %v: a row is %d cells wide: %q", width, height, s.unicode, got, row)
		}
		plain := ansi.Strip(row)
		if i := strings.IndexFunc(plain, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\ufffd' }); i >= 0 {
			t.Errorf("a row holds what a terminal obeys: %q", row)
		}
	}
	if c := view.Cursor; c == nil || c.X >= max(width, 3) || c.Y >= len(rows) {
		t.Errorf("%dx%d: the cursor stands at %+v", width, height, c)
	}
}

func screen(t *testing.T, text string, unicode bool, width, height int) *story {
	t.Helper()
	s := newStory(t)
	if unicode {
		s.does("unicode")
	}
	s.update(tea.WindowSizeMsg{Width: width, Height: height})
	cheer := &singoffv1.Reaction{SingerMemberId: "m1", Kind: singoffv1.Reaction_KIND_FIRE, Count: 20}
	s.happens(welcome(text), sung(text), said(2, text), said(3, text+" "+text), &singoffv1.Event{Body: &singoffv1.Event_Reaction{Reaction: cheer}},
		tui.Noted{Lines: []string{"noted"}})
	s.does("lost")
	s.update(tea.PasteMsg{Content: text})
	return s
}

// What has been sung is painted, what comes isn't yet.
func TestSungWords(t *testing.T) {
	t.Parallel()
	s := screen(t, "la", true, 80, 24)
	row := strings.Split(s.model.View().Content, "\n")[2]
	bold := ansi.Style{}.Bold()
	if want := "♪ " + bold.Styled("la ") + "la  / la   "; !strings.HasPrefix(row, want) {
		t.Errorf("got %q, want it to begin with %q", row, want)
	}
}

func TestEveryTextFitsEverySize(t *testing.T) {
	t.Parallel()
	for _, text := range hard {
		for _, unicode := range []bool{true, false} {
			s := screen(t, text, unicode, 80, 24)
			for _, width := range []int{3, 20, 29, 40, 60, 83, 84, 120} {
				for _, height := range []int{1, 2, 5, 6, 12, 14, 30} {
					s.update(tea.WindowSizeMsg{Width: width, Height: height})
					fits(t, s, width, height)
				}
				s.presses("left")
				s.presses("pgup")
			}
		}
	}
}

// Whatever is typed, sign by sign, code point by code point or at once, is what is said.
func FuzzTyping(f *testing.F) {
	for _, text := range hard {
		f.Add(text, uint8(40), uint8(12), true)
		f.Add(text, uint8(100), uint8(30), false)
	}
	f.Fuzz(func(t *testing.T, text string, width, height uint8, unicode bool) {
		text = strings.Trim(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(text, "?")), "\n")
		s := screen(t, text, unicode, max(int(width), 3), int(height))
		fits(t, s, max(int(width), 3), int(height))
		s.presses("ctrl+e")
		s.presses("ctrl+u")
		for _, r := range text {
			s.update(tea.KeyPressMsg{Text: string(r), Code: r})
		}
		s.presses("enter")
		s.update(tea.PasteMsg{Content: text})
		s.presses("enter")
		var want []string
		if strings.TrimSpace(text) != "" {
			want = []string{text, text}
		}
		if !slices.Equal(s.said, want) {
			t.Errorf("got %+q, want %+q", s.said, want)
		}
	})
}

// A backspace takes a whole sign as people see it, and a cursor never stands inside of one.
func TestSignsAreWhole(t *testing.T) {
	t.Parallel()
	for _, sign := range []string{"가", "\u1112\u1161\u11ab", "👨‍👩‍👧‍👦", "🇰🇷", "❤️", "👍🏽", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "e\u0301"} {
		s := newStory(t)
		s.update(tea.PasteMsg{Content: "a" + sign + "z"})
		for _, key := range []string{"left", "left", "b", "right", "backspace", "c", "enter"} {
			s.presses(key)
		}
		if want := []string{"abcz"}; !slices.Equal(s.said, want) {
			t.Errorf("%+q: got %+q, want %+q", sign, s.said, want)
		}
	}
}

func TestTooMuchIsRefusedWhole(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.presses("kept")
	s.update(tea.PasteMsg{Content: strings.Repeat("가", 30000)})
	if hint := s.does("line")[0]; !strings.Contains(hint, "90004 bytes, and 65536 is the limit") {
		t.Errorf("got the hint %q, want the limit", hint)
	}
	s.presses("enter")
	if want := []string{"kept"}; !slices.Equal(s.said, want) {
		t.Errorf("got %+q, want %+q", s.said, want)
	}
}
