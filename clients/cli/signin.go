package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	singoff "github.com/singoff/singoff/clients/go"
)

// signIn are the flags of who has a token of the server's operator.
type signIn struct {
	Token     string `env:"SINGOFF_TOKEN" placeholder:"TOKEN" help:"Signed token (JWT) that says who you are, instead of a guest key; better in $$${env}, or in a file."`
	TokenFile string `name:"token-file" type:"existingfile" env:"SINGOFF_TOKEN_FILE" placeholder:"FILE" help:"File with the token. It is read again before the token ends, so keep it fresh there ($$${env})."`
}

func (s signIn) used() bool { return s.Token != "" || s.TokenFile != "" }

// options are those of the client: how its calls show the token.
func (s signIn) options() ([]singoff.Option, error) {
	switch {
	case s.Token != "" && s.TokenFile != "":
		return nil, fmt.Errorf("%w: --token and --token-file: give one of them", errUsage)
	case s.Token != "":
		return []singoff.Option{singoff.WithFreshToken(func(context.Context) (string, error) { return s.Token, nil })}, nil
	case s.TokenFile != "":
		if _, err := s.read(context.Background()); err != nil {
			return nil, err // now, rather than try again and again
		}
		return []singoff.Option{singoff.WithFreshToken(s.read)}, nil
	}
	return nil, nil
}

// read gives the token that is in the file now.
func (s signIn) read(context.Context) (string, error) {
	text, err := os.ReadFile(s.TokenFile)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("%s: is empty, and should hold a token", s.TokenFile)
	}
	return token, nil
}

// dialAs makes the client of the server for somebody who may have signed in.
func (g *globals) dialAs(s signIn) (*singoff.Client, error) {
	options, err := s.options()
	if err != nil {
		return nil, err
	}
	return g.dial(options...)
}
