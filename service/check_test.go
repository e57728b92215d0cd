package service_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

// logOf makes a log in a folder that holds one entry, unless it is nil.
func logOf(t *testing.T, data []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	log, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir})
	if err == nil && data != nil {
		_, err = log.Append(t.Context(), eventlog.Key{Namespace: "default", Room: "battle"}, 0, eventlog.Entry{FirstSeq: 1, Count: 1, Data: data})
	}
	if err == nil {
		err = log.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCheckLog(t *testing.T) {
	t.Parallel()
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for name, test := range map[string]struct {
		dir  string
		want error
		said string
	}{
		"sound":          {logOf(t, nil), nil, "0 rooms, 0 events readable, 0 things broken"},
		"not an entry":   {logOf(t, []byte("no entry")), service.ErrUnsound, "room default/battle: position 1: "},
		"no such folder": {nowhere, os.ErrNotExist, ""},
	} {
		var out bytes.Buffer
		err := service.CheckLog(t.Context(), test.dir, &out)
		if !errors.Is(err, test.want) || !strings.Contains(out.String(), test.said) {
			t.Errorf("%s: got %v and %q, want %v and %q in it", name, err, out.String(), test.want, test.said)
		}
	}
	if _, err := os.Stat(nowhere); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no folder made by looking at it", err)
	}
}
