package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/singoff/singoff/clients/cli"
	"github.com/singoff/singoff/service"
)

// Everybody in one room, each by another way.
func TestWaysIn(t *testing.T) {
	t.Parallel()
	addrs := serveBoth(t)
	url := "http://" + addrs.HTTP
	people := map[string]*program{
		"native":    person(t, addrs.GRPC, "friday", "native", "watcher", "--transport", "native", "--json"),
		"websocket": person(t, addrs.GRPC, "friday", "websocket", "watcher", "--transport", "websocket", "--url", url, "--json"),
		"fetch":     person(t, url, "friday", "fetch", "watcher", "--transport", "fetch", "--json"),
	}
	for way, p := range people {
		p.out.shows(t, `{"connection":{"phase":"joined","attempt":1,"way":"`+way+`"}}`)
	}
	auto := person(t, url, "friday", "auto", "watcher", "--json")
	auto.out.shows(t, `"way":"websocket"}}`)
	auto.types(t, `{"chatMessage": {"text": "who hears me?"}}`)
	for _, p := range people {
		p.out.shows(t, `"chatMessage":{"text":"who hears me?","nickname":"auto"}`)
	}
	for _, p := range append([]*program{auto}, people["native"], people["websocket"], people["fetch"]) {
		p.types(t, `{"leave": {}}`)
		p.ends(t, cli.CodeDone)
	}
}

// A house's certificate is trusted when it's given, by every way and every command, and by nobody who isn't given it.
func TestCAOfTheHouse(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tls")
	addrs := serveBoth(t, func(cfg *service.Config) { cfg.TLS, cfg.TLSDir = service.TLSSelf, dir })
	ca, url := filepath.Join(dir, "ca.crt"), "https://"+addrs.HTTP
	for _, way := range [][]string{
		{"--server", url}, {"--server", url, "--transport", "fetch"}, {"--server", addrs.GRPC},
		{"--transport", "websocket", "--url", url},
	} {
		trusting := start(t, append([]string{"rooms", "--ca", ca}, way...)...)
		trusting.ends(t, cli.CodeDone)
	}
	wary := start(t, "rooms", "--server", url)
	wary.ends(t, cli.CodeUnreachable)
	wary.err.shows(t, "nobody here vouches for", "--ca FILE")
}

// A server that is there but speaks otherwise was told as none that answers.
func TestServerThatSpeaksOtherwise(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tls")
	plain, encrypted := serveBoth(t), serveBoth(t, func(cfg *service.Config) { cfg.TLS, cfg.TLSDir = service.TLSSelf, dir })
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--ca FILE or SINGOFF_CA", []string{"--server", encrypted.GRPC}},
		{"its URL begins with https://", []string{"--server", "http://" + encrypted.HTTP}},
		{"Speak to it unencrypted with --plaintext", []string{"--server", plain.GRPC, "--ca", filepath.Join(dir, "ca.crt")}},
		{"by a URL that begins with http://", []string{"--server", "https://" + plain.HTTP}},
		{"an HTTP port answers", []string{"--server", plain.HTTP}},
	} {
		p := start(t, append([]string{"rooms"}, c.args...)...)
		p.ends(t, cli.CodeUnreachable)
		p.err.shows(t, c.want)
	}
}

func TestWaysThatCantBe(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.crt")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no such way":             {[]string{"rooms", "--transport", "pigeon"}, `"pigeon" is none of auto, native, websocket, fetch`},
		"mixed alone":             {[]string{"rooms", "--transport", "mixed"}, "for simulate alone"},
		"native to a URL":         {[]string{"rooms", "--transport", "native", "--server", "http://127.0.0.1:1"}, "native gRPC needs an address"},
		"mixed to a URL":          {[]string{"simulate", "--transport", "mixed", "--server", "http://127.0.0.1:1"}, "needs the gRPC port as --server"},
		"trust and nothing to":    {[]string{"rooms", "--ca", empty, "--plaintext"}, "--ca and --plaintext"},
		"an authority of nothing": {[]string{"rooms", "--ca", empty, "--server", "https://127.0.0.1:1"}, "no certificate"},
		"an operator at a URL":    {[]string{"admin", "connections", "--server", "http://127.0.0.1:1"}, "--admin ADDRESS"},
		"an operator's authority": {[]string{"admin", "connections", "--ca", empty, "--admin", "127.0.0.1:1"}, "--ca"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, c.args...)
			p.ends(t, cli.CodeUsage)
			p.err.shows(t, c.want)
		})
	}
}

// Simulated people are spread over all ways.
func TestSimulateMixed(t *testing.T) {
	t.Parallel()
	addrs := serveBoth(t)
	p := start(t, "simulate", "--server", addrs.GRPC, "--url", "http://"+addrs.HTTP, "--transport", "mixed",
		"--rooms", "2", "--members", "6", "--rate", "40", "--drops", "120", "--duration", "3s", "--seed", "7", "--json")
	p.ends(t, cli.CodeDone)
	text, _ := p.out.read()
	var report struct {
		Good  bool
		Joins map[string]int
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if !report.Good || report.Joins["native"] < 2 || report.Joins["websocket"] < 2 || report.Joins["fetch"] < 2 {
		t.Errorf("got %s, want a good report with people on every way", text)
	}
}
