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

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestFailedWriteIsTold(t *testing.T) {
	t.Parallel()
	if err := table.Write(brokenPipe{}, [][]string{{"x"}}); err == nil || !strings.Contains(err.Error(), "broken pipe") {
		t.Errorf("got %v, want the writer's error", err)
	}
}
