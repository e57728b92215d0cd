package tui_test

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/singoff/singoff/clients/cli/show"
	"github.com/singoff/singoff/clients/cli/tui"
	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

var rewrite = flag.Bool("rewrite", false, "write the expected screens of testdata, and docs/terminal.svg, anew")

// eight is when stories begin.
var eight = time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC)

// story is a screen, and what the person on it has done.
type story struct {
	t       *testing.T
	now     time.Time
	model   tui.Model
	full    bool // no more lines are taken
	said    []string
	left    int
	unicode bool
}

func newStory(t *testing.T) *story {
	s := &story{t: t, now: eight}
	s.begins(singoffv1.Role_ROLE_UNSPECIFIED)
	return s
}

func (s *story) begins(asked singoffv1.Role) {
	s.t.Helper()
	s.model = tui.NewModel(tui.ModelConfig{
		Look:   show.Config{Colour: true, Brief: true, Zone: time.UTC, Now: func() time.Time { return s.now }},
		Asked:  asked,
		Submit: func(line string) bool { s.said = append(s.said, line); return !s.full },
		Leave:  func() { s.left++ },
	})
	s.happens()
}

func (s *story) update(message tea.Msg) {
	s.t.Helper()
	model, _ := s.model.Update(message)
	s.model = model.(tui.Model)
}

func (s *story) happens(items ...any) {
	s.t.Helper()
	s.update(tui.Batch{Clocks: tui.Clocks{Server: s.now, Local: s.now}, Items: items})
}

// presses gives the screen a key by its name: `enter`, `ctrl+c`, or a text.
func (s *story) presses(name string) {
	s.t.Helper()
	keys := map[string]rune{
		"enter": tea.KeyEnter, "tab": tea.KeyTab, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete, "left": tea.KeyLeft, "right": tea.KeyRight,
		"up": tea.KeyUp, "down": tea.KeyDown, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "esc": tea.KeyEscape,
	}
	press := tea.KeyPressMsg{}
	rest := name
	for mod, value := range map[string]tea.KeyMod{"ctrl+": tea.ModCtrl, "alt+": tea.ModAlt} {
		if key, ok := strings.CutPrefix(rest, mod); ok {
			press.Mod, rest = press.Mod|value, key
		}
	}
	if code, ok := keys[rest]; ok {
		press.Code = code
	} else if runes := []rune(rest); press.Mod != 0 && len(runes) == 1 {
		press.Code = runes[0]
	} else {
		press.Text, press.Code = rest, tea.KeyExtended
	}
	s.update(press)
}

// shown is the screen as people read it, with ‸ where the cursor stands.
func (s *story) shown() []string {
	view := s.model.View()
	rows := strings.Split(ansi.Strip(view.Content), "\n")
	method := ansi.WcWidth
	if s.unicode {
		method = ansi.GraphemeWidth
	}
	if c := view.Cursor; c != nil && c.Y < len(rows) {
		rest, cells := rows[c.Y], 0
		for cells < c.X && rest != "" {
			cluster, _ := ansi.FirstGraphemeCluster(rest, method)
			rest, cells = rest[len(cluster):], cells+method.StringWidth(cluster)
		}
		rows[c.Y] = strings.TrimSuffix(rows[c.Y], rest) + strings.Repeat(" ", max(c.X-cells, 0)) + "‸" + rest
	}
	for i, row := range rows {
		rows[i] = strings.TrimRight(row, " ")
	}
	return rows
}

// does one step, and gives the lines that are expected after it.
func (s *story) does(step string) []string {
	s.t.Helper()
	verb, rest, _ := strings.Cut(step, " ")
	switch verb {
	case "size":
		var width, height int
		if _, err := fmt.Sscanf(rest, "%dx%d", &width, &height); err != nil {
			s.t.Fatalf("%s: %v", step, err)
		}
		s.update(tea.WindowSizeMsg{Width: width, Height: height})
	case "unicode":
		s.unicode = true
		s.update(tea.ModeReportMsg{Mode: ansi.ModeUnicodeCore, Value: ansi.ModeReset})
	case "after":
		d, err := time.ParseDuration(rest)
		if err != nil {
			s.t.Fatalf("%s: %v", step, err)
		}
		s.now = s.now.Add(d)
		s.happens()
	case "joined":
		s.happens(singoff.ConnectionState{Phase: singoff.PhaseJoined})
	case "asked": // first
		s.begins(singoffv1.Role(singoffv1.Role_value[rest]))
	case "fallback":
		way := transport.Way{Kind: transport.Kind(rest), Fallback: errors.New("websocket: the proxy says 403\x1b[2J")}
		s.happens(singoff.ConnectionState{Phase: singoff.PhaseJoined, Way: way})
	case "lost":
		s.happens(singoff.ConnectionState{Phase: singoff.PhaseReconnecting, Cause: singoff.ErrConnectionLost, NextTry: s.now.Add(3 * time.Second)})
	case "trying":
		s.happens(singoff.ConnectionState{Phase: singoff.PhaseReconnecting})
	case "failed":
		s.happens(tui.Failed{Err: errors.New(rest)})
	case "noted":
		s.happens(tui.Noted{Lines: []string{rest}})
	case "lyrics": // of a track
		track, body, _ := strings.Cut(rest, " ")
		words := &singoffv1.GetLyricsResponse{}
		if err := protojson.Unmarshal([]byte(body), words); err != nil {
			s.t.Fatalf("%s: %v", step, err)
		}
		s.happens(tui.Lyrics{TrackID: track, Lyrics: words})
	case "sung": // the row of the song, and the one below it
		return s.shown()[1:3]
	case "full":
		s.full = true
	case "press":
		for key := range strings.FieldsSeq(rest) {
			s.presses(key)
		}
	case "type", "paste":
		text, err := strconv.Unquote(rest)
		if err != nil {
			s.t.Fatalf("%s: %v", step, err)
		}
		if verb == "paste" {
			s.update(tea.PasteMsg{Content: text})
			break
		}
		for _, r := range text {
			s.presses(string(r))
		}
	case "said":
		return []string{fmt.Sprintf("%+q", s.said), fmt.Sprintf("left %d times", s.left)}
	case "show":
		return s.shown()
	case "line": // the hints, and what is typed
		rows := s.shown()
		return rows[len(rows)-2:]
	default:
		ev := &singoffv1.Event{}
		if err := protojson.Unmarshal([]byte(step), ev); err != nil {
			s.t.Fatalf("%s: %v", step, err)
		}
		s.happens(ev)
	}
	return nil
}

// Each file of testdata holds a story: a step a line, and below `show` and `said`, behind a bar, what is seen then.
// Change a story's steps and run the test with -rewrite.
func TestStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := tell(t, string(want))
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

const bar = "    |"

func tell(t *testing.T, text string) (told string, s *story) {
	t.Helper()
	s = newStory(t)
	var out strings.Builder
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, bar) {
			continue
		}
		out.WriteString(line + "\n")
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		for _, row := range s.does(line) {
			out.WriteString(bar + row + "\n")
		}
	}
	return out.String(), s
}
