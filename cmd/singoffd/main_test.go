package main

import (
	"bytes"
	"errors"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
)

// parsed reads the flags and gives what was shown.
func parsed(args ...string) (cfg service.Config, shown string, done bool, err error) {
	var out bytes.Buffer
	cfg, done, err = parse(args, &out, &out)
	return cfg, out.String(), done, err
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "singoffd.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAreThoseOfTheService(t *testing.T) {
	got, _, _, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	want := service.DefaultConfig()
	if got.Rules != want.Rules || got.GRPCAddr != want.GRPCAddr || got.HTTPAddr != want.HTTPAddr || got.Log != want.Log ||
		got.DataDir != want.DataDir || got.Sync != want.Sync || !maps.Equal(got.KeepEvents, want.KeepEvents) || !maps.Equal(got.KeepAge, want.KeepAge) ||
		got.MessageBytes != want.MessageBytes || got.CommandsPerSecond != want.CommandsPerSecond || got.CommandBurst != want.CommandBurst ||
		got.MaxConnections != want.MaxConnections || got.MaxRooms != want.MaxRooms ||
		got.DrainTime != want.DrainTime || got.ComeBackSpread != want.ComeBackSpread || len(got.Songs) != 0 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestHelpTeaches(t *testing.T) {
	_, help, done, err := parsed("--help")
	if err != nil || !done {
		t.Fatalf("got done %v, %v, want the help shown", done, err)
	}
	for _, want := range []string{
		"Examples:", "Exit codes:", "grpcurl -plaintext 127.0.0.1:7070 list", "$SINGOFF_GRPC_ADDR",
		service.DefaultConfig().GRPCAddr, service.DefaultConfig().HTTPAddr, "30s", "--config=FILE",
	} {
		if !strings.Contains(help, want) {
			t.Errorf("got %s, want %q in it", help, want)
		}
	}
}

func TestVersion(t *testing.T) {
	_, text, done, err := parsed("--version")
	if err != nil || !done || !strings.HasPrefix(text, "singoffd "+versionName()+" (go1.") {
		t.Errorf("got %q, %v, %v, want the version and Go's", text, done, err)
	}
}

func TestFlagsBeforeEnvironmentBeforeFile(t *testing.T) {
	path := writeFile(t, `{"singers": 3, "watchers": 30, "hold": "45s", "songs": ["a", "b"], "commands-per-second": 12.5}`)
	t.Setenv("SINGOFF_WATCHERS", "20")
	t.Setenv("SINGOFF_SINGERS", "4")
	for _, args := range [][]string{{"--config", path, "--singers", "5"}, {"--singers", "5"}} {
		if len(args) == 2 {
			t.Setenv("SINGOFF_CONFIG", path)
		}
		got, _, _, err := parsed(args...)
		if err != nil {
			t.Fatal(err)
		}
		if got.Rules.Singers != 5 || got.Rules.Watchers != 20 || got.Rules.Hold != 45*time.Second ||
			strings.Join(got.Songs, " ") != "a b" || got.CommandsPerSecond != 12.5 {
			t.Errorf("%v: got %d singers of the flag, %d watchers of the environment, hold %v, songs %q, %v commands/s of the file",
				args, got.Rules.Singers, got.Rules.Watchers, got.Rules.Hold, got.Songs, got.CommandsPerSecond)
		}
	}
}

// Notepad puts a byte order mark before what it saves.
func TestFileOfAnEditorOfWindows(t *testing.T) {
	got, _, _, err := parsed("--config", writeFile(t, "\ufeff{\"singers\": 3}\r\n"))
	if err != nil || got.Rules.Singers != 3 {
		t.Errorf("got %d singers, %v, want 3", got.Rules.Singers, err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	notJSON := writeFile(t, "singers: 3")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":        {[]string{"--sniger", "3"}, "--sniger"},
		"not a number":        {[]string{"--singers", "two"}, "--singers"},
		"not a time":          {[]string{"--hold", "30"}, "--hold"},
		"too many singers":    {[]string{"--singers", "17"}, "singers: 17 is not within 1 to 16"},
		"away below hold":     {[]string{"--hold", "20m"}, "away limit"},
		"message bytes":       {[]string{"--message-bytes", "10"}, "message bytes: 10 is not within 1024 to 65536"},
		"address":             {[]string{"--grpc-addr", "7070"}, `gRPC address: "7070" is neither host:port nor unix:PATH`},
		"socket":              {[]string{"--http-addr", "unix:"}, "HTTP address: unix: needs a path"},
		"admin without token": {[]string{"--admin-addr", "127.0.0.1:7071"}, "admin address: 127.0.0.1:7071 needs a token file"},
		"admin address":       {[]string{"--admin-addr", "7071"}, "neither auto, off, unix:PATH nor host:port"},
		"log":                 {[]string{"--log", "paper"}, "--log"},
		"sync":                {[]string{"--sync", "sometimes"}, "--sync"},
		"few events":          {[]string{"--keep-events", "50"}, "keep events: 50 is neither 0, for all, nor 1000 or more"},
		"few of a namespace":  {[]string{"--keep-events", "karaoke=50"}, `keep events: 50 of the namespace "karaoke" is neither`},
		"events in words":     {[]string{"--keep-events", "many"}, `--keep-events: "many"`},
		"short age":           {[]string{"--keep-age", "1s"}, "keep age: 1s is neither 0, for ever, nor 1h or more"},
		"age in words":        {[]string{"--keep-age", "long"}, `--keep-age: "long"`},
		"level":               {[]string{"--log-level", "loud"}, "--log-level"},
		"no such file":        {[]string{"--config", "/nowhere/singoffd.json"}, "/nowhere/singoffd.json"},
		"no namespace":        {[]string{"--keep-events", "a b=5000"}, `keep events: "a b" is no namespace: 1 to 64 of A-Z a-z 0-9 _ -`},
		"age of none":         {[]string{"--keep-age", "한글=2h"}, `keep age: "한글" is no namespace`},
		"empty namespace":     {[]string{"--keep-events", "=5000"}, `--keep-events: "=5000": has no namespace`},
		"rescan":              {[]string{"--songs-rescan", "1s"}, "songs: rescan: 1s is below 5s"},
		"cache":               {[]string{"--songs-cache=-1"}, "songs: cache: -1 MiB is not within 1 to"},
		"charset":             {[]string{"--songs-charset", "utf-9"}, `songs: charset: no such encoding: "utf-9"`},
		"file isn't JSON":     {[]string{"--config", notJSON}, "configuration file " + notJSON + ": isn't a JSON object"},
		"two objects":         {[]string{"--config", writeFile(t, "{} {}")}, "has something after"},
		"unknown in file":     {[]string{"--config", writeFile(t, `{"sniger": 3}`)}, `"sniger" is unknown; there are grpc-addr`},
		"wrong kind in file":  {[]string{"--config", writeFile(t, `{"singers": "two"}`)}, "--singers"},
		"half a singer":       {[]string{"--config", writeFile(t, `{"singers": 2.5}`)}, "--singers"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, err := parsed(test.args...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, test := range map[string]struct {
		args []string
		code int
		said string
	}{
		"help":          {[]string{"--help"}, exitOK, "Usage: singoffd"},
		"wrong flag":    {[]string{"--nope"}, exitUsage, "Try singoffd --help."},
		"port in use":   {[]string{"--log", "memory", "--grpc-addr", taken.Addr().String(), "--http-addr", "127.0.0.1:0"}, exitFailed, "in use by another program; stop it, or choose another address"},
		"no such songs": {[]string{"--log", "memory", "--songs", "/nowhere/songs", "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"}, exitFailed, "/nowhere/songs"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if code := run(test.args, &out, &out); code != test.code || !strings.Contains(out.String(), test.said) {
				t.Errorf("got %d and %q, want %d and %q in it", code, out.String(), test.code, test.said)
			}
		})
	}
}

func TestRefusalsWrapErrConfig(t *testing.T) {
	if _, _, _, err := parsed("--singers", "0"); !errors.Is(err, service.ErrConfig) {
		t.Errorf("got %v, want it to wrap ErrConfig", err)
	}
}

func TestHistoryIsKeptByNamespace(t *testing.T) {
	cfg, _, _, err := parsed("--keep-events", "5000", "--keep-events", "karaoke=0", "--keep-age", "30d", "--keep-age", "karaoke=12h", "--data-dir", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]int{"": 5000, "karaoke": 0}; !maps.Equal(cfg.KeepEvents, want) {
		t.Errorf("got events %v, want %v", cfg.KeepEvents, want)
	}
	if want := map[string]time.Duration{"": 30 * 24 * time.Hour, "karaoke": 12 * time.Hour}; !maps.Equal(cfg.KeepAge, want) {
		t.Errorf("got ages %v, want %v", cfg.KeepAge, want)
	}
}

func TestSongsCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"good.mp3": audiotest.MP3(100), "bad.mp3": []byte("text"), "good.lrc": []byte("[00:01.00]첫 줄"), "good.jpg": []byte("\xFF\xD8\xFF cut"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "앨범.mp3"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		code int
		says []string
	}{
		"two folders": {[]string{dir, other}, exitFailed, []string{
			"FILE        USED  WHAT IS WRONG", `"앨범.mp3"  no    the file is cut short: it is empty`, dir + "\n", other + "\n"}},
		"table":      {[]string{dir}, exitFailed, []string{`"bad.mp3"   no    not an MP3`, `"good.jpg"  yes   its cover can't be used`, "1 songs (1 with a cover, 1 with lyrics) of 4 files; 2 findings, 1 files left out"}},
		"JSON":       {[]string{dir, "--json"}, exitFailed, []string{`"file":"bad.mp3"`, `"left_out":true`, `{"tracks":1,"covers":1,"lyrics":1,"files":4,"findings":2,"left_out":1,"unknown_length":0}`}},
		"fine":       {[]string{t.TempDir()}, exitOK, []string{"0 songs"}},
		"no folder":  {[]string{filepath.Join(dir, "no")}, exitFailed, []string{"no such file"}},
		"no charset": {[]string{dir, "--charset", "x"}, exitUsage, []string{"no such encoding"}},
		"no dir":     {nil, exitUsage, []string{"<dir>"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			code := run(append([]string{"songs", "check"}, tt.args...), &out, &out)
			if code != tt.code {
				t.Errorf("got exit code %d, want %d:\n%s", code, tt.code, out.String())
			}
			for _, want := range tt.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("got\n%s\nwant %q in it", out.String(), want)
				}
			}
		})
	}
}
