package service_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

// kept is a server's configuration with a log in a folder.
func kept(log *lines, dir string) service.Config {
	cfg := config(log)
	cfg.Log, cfg.DataDir, cfg.AdminAddr = service.LogSQLite, dir, service.AdminOff
	return cfg
}

func fetched(t *testing.T, s *service.Server, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addrs().HTTP+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestTwoServersOnOneFolder(t *testing.T) {
	t.Parallel()
	var log lines
	dir := t.TempDir()
	run(t, kept(&log, dir))
	if _, err := service.New(t.Context(), kept(&log, dir)); !errors.Is(err, sqlitelog.ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want ErrInUse with the folder's name", err)
	}
}

// Who runs without syncing must be reminded of it wherever they look.
func TestSyncOffIsNamed(t *testing.T) {
	t.Parallel()
	var log lines
	cfg := kept(&log, t.TempDir())
	cfg.Sync = service.SyncOff
	s := run(t, cfg)
	if code, text := fetched(t, s, "/healthz"); code != http.StatusOK || !strings.Contains(text, "sync is off") {
		t.Errorf("got %d %q of /healthz, want it to say that sync is off", code, text)
	}
	if _, text := fetched(t, s, "/metrics"); !strings.Contains(text, "singoff_sqlitelog_survives_power 0") {
		t.Error("got no metric that says that a power cut isn't survived")
	}
	if !strings.Contains(log.String(), "sync is off") {
		t.Errorf("got %s, want a line that says that sync is off", &log)
	}
}

// The log's file is taken away while the server runs, and put back: readiness says so within moments, and heals by itself.
func TestReadinessFollowsTheLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := kept(&lines{}, dir)
	changed := make(changes, 100)
	cfg.Logger = zerolog.New(changed)
	s := run(t, cfg)
	file := filepath.Join(dir, sqlitelog.FileName)
	if code, text := fetched(t, s, "/readyz"); code != http.StatusOK {
		t.Fatalf("got %d %q, want it ready", code, text)
	}
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	changed.await(t, "not ready")
	if code, text := fetched(t, s, "/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(text, "singoff.db was removed") {
		t.Errorf("got %d %q, want that the file was removed", code, text)
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	changed.await(t, "ready again")
	if code, text := fetched(t, s, "/readyz"); code != http.StatusOK {
		t.Errorf("got %d %q, want it ready again", code, text)
	}
}

// patience is how long anything may take that has no time of its own: generous, since the machine may be busy.
const patience = 30 * time.Second

// changes is a log whose lines can be waited for.
type changes chan string

func (c changes) Write(line []byte) (int, error) {
	select {
	case c <- string(line):
	default: // nobody waits any more
	}
	return len(line), nil
}

func (c changes) await(t *testing.T, message string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		select {
		case line := <-c:
			if strings.Contains(line, `"message":"`+message+`"`) {
				return
			}
		case <-ctx.Done():
			t.Fatalf("got no line %q within %v", message, patience)
		}
	}
}
