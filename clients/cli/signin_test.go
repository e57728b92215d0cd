package cli_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/singoff/singoff/clients/cli"
	"github.com/singoff/singoff/service"
)

const jwtSecret = "a secret of more than thirty-two bytes"

// serveSignedIn starts a server that lets nobody in without a token.
func serveSignedIn(t *testing.T) (server string) {
	t.Helper()
	key := fileOf(t, jwtSecret)
	return serve(t, func(cfg *service.Config) { cfg.JWTKey, cfg.SignedInOnly = key, true })
}

func fileOf(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func tokenOf(t *testing.T, lasting time.Duration, more jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{"sub": "mina", "exp": time.Now().Add(lasting).Unix()}
	maps.Copy(claims, more)
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(jwtSecret))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSignedInUsersOnly(t *testing.T) {
	t.Parallel()
	server := serveSignedIn(t)
	guest := person(t, server, "friday", "Juno", "watcher")
	guest.ends(t, cli.CodeKeptOut)
	guest.err.shows(t, "the server doesn't let you in", "--token-file FILE")
	for _, command := range []string{"rooms", "songs"} {
		asks := start(t, command, "--server", server)
		asks.ends(t, cli.CodeKeptOut)
		asks.err.shows(t, "singoff: the server doesn't let you in: authorization: is missing: this server lets in signed-in users only; ", "--token-file FILE")
		asks = start(t, command, "--server", server, "--token", tokenOf(t, time.Hour, nil))
		asks.ends(t, cli.CodeDone)
	}
	late := person(t, server, "friday", "Juno", "watcher", "--token", tokenOf(t, -time.Hour, nil))
	late.ends(t, cli.CodeKeptOut)
	late.err.shows(t, "your token has expired")

	both := person(t, server, "friday", "Juno", "watcher", "--token", "a", "--token-file", fileOf(t, "a"))
	both.ends(t, cli.CodeUsage)
	empty := person(t, server, "friday", "Juno", "watcher", "--token-file", fileOf(t, "\n"))
	empty.ends(t, cli.CodeFailed)
	empty.err.shows(t, "is empty")
}

func TestTokenSaysTheNickname(t *testing.T) {
	t.Parallel()
	file := fileOf(t, tokenOf(t, time.Hour, jwt.MapClaims{"name": "미나"})+"\n")
	mina := start(t, "join", "friday", "--server", serveSignedIn(t), "--state-dir", t.TempDir(), "--token-file", file)
	mina.out.shows(t, "* you are 미나, watcher 1")
	mina.types(t, "/song")
	mina.out.shows(t, "* /song NUMBER picks one")
	mina.in.Close()
	mina.ends(t, cli.CodeDone)
}

// TestTokenFileIsReadAgain: the file has a fresh token in time, so the program stays in the room; the answer to its Renew shows that.
func TestTokenFileIsReadAgain(t *testing.T) {
	t.Parallel()
	file := fileOf(t, tokenOf(t, 5*time.Second, nil))
	mina := person(t, serveSignedIn(t), "friday", "Mina", "watcher", "--json", "--token-file", file)
	mina.out.shows(t, `"welcome"`)
	if err := os.WriteFile(file, []byte(tokenOf(t, time.Hour, nil)), 0o600); err != nil {
		t.Fatal(err)
	}
	mina.out.shows(t, `"ack"`)
	mina.types(t, `{"chatMessage": {"text": "still here"}}`)
	mina.out.shows(t, "still here")
	mina.in.Close()
	mina.ends(t, cli.CodeDone)
}
