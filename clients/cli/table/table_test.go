package table_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/singoff/singoff/clients/cli/table"
)

func TestColumnsInAnyScript(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	err := table.Write(&out, [][]string{
		{"ROOM", "SINGERS", "TITLE"},
		{"friday", "2/2", "Friday"},
		{"금요일", "1/2", ""},
		{"👩‍🎤", "0/2", "민아❤️"},
		{"x"},
	})
	want := "" +
		"ROOM    SINGERS  TITLE\n" +
		"friday  2/2      Friday\n" +
		"금요일  1/2\n" +
		"👩‍🎤      0/2      민아❤️\n" +
		"x\n"
	if err != nil || out.String() != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, out.String(), want)
	}
}

// A single song with a title of 255 letters made every row of a list wrap over four lines of a terminal.
func TestFit(t *testing.T) {
	t.Parallel()
	rows := [][]string{
		{"ID", "TITLE", "ARTIST"},
		{"zuaagx2cun2mczlx", strings.Repeat("가", 80), "누구"},
		{"2vvxcdlcynvqfd3x", "별빛", strings.Repeat("👩‍🎤", 40)},
	}
	for width, want := range map[int][]string{
		60: {strings.Repeat("가", 9) + "…", strings.Repeat("👩‍🎤", 9) + "…"},
		// 16 cells a column are kept, and the first column whole
		10: {strings.Repeat("가", 7) + "…", strings.Repeat("👩‍🎤", 7) + "…"},
	} {
		got := table.Fit(rows, width)
		if got[1][1] != want[0] || got[2][2] != want[1] || got[1][0] != rows[1][0] || got[2][1] != "별빛" || got[0][1] != "TITLE" {
			t.Errorf("%d cells: got %q, want %q within", width, got, want)
		}
	}
	var out, fit strings.Builder
	if err := errors.Join(table.Write(&out, rows), table.Write(&fit, table.Fit(rows, 500))); err != nil || out.String() != fit.String() {
		t.Errorf("got %v and\n%s\nwant all where there is room for it", err, fit.String())
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestFailedWriteIsTold(t *testing.T) {
	t.Parallel()
	if err := table.Write(brokenPipe{}, [][]string{{"x"}}); err == nil || !strings.Contains(err.Error(), "broken pipe") {
		t.Errorf("got %v, want the writer's error", err)
	}
}
