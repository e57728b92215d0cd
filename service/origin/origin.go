// Package origin decides which web pages may speak to the server from a browser: those of the server itself, and those the operator names.
// A browser says in Origin whose page makes a request; other programs say nothing and are let in. It stands before websockets and
// grpc-web, which browsers open to any server, and behind clientaddr.Middleware, which knows what the browser asked for.
package origin

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/singoff/singoff/service/clientaddr"
)

// Any allows the pages of every site.
const Any = "*"

// ErrOrigins is wrapped by New's refusals.
var ErrOrigins = errors.New("allowed origins")

// Guard decides. Its methods may be called concurrently.
type Guard struct {
	allowed []string
	any     bool
}

// New makes a Guard: the own host as the browser asked for it is always allowed, and so are the origins given, of the form
// https://sing.example or http://192.168.0.5:8080; or Any alone. Empty ones are left out. An error wraps ErrOrigins.
func New(origins ...string) (*Guard, error) {
	g := &Guard{}
	for _, text := range origins {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		if text == Any {
			g.any = true
			continue
		}
		origin, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %q %w", ErrOrigins, text, err)
		}
		g.allowed = append(g.allowed, origin.URL())
	}
	return g, nil
}

// AllowsAny says whether every site is allowed; worth a warning.
func (g *Guard) AllowsAny() bool { return g.any }

// Allowed says whether the page that makes the request may. One without Origin comes from no browser's page and may.
func (g *Guard) Allowed(r *http.Request) bool {
	said := r.Header.Values("Origin")
	if len(said) == 0 || g.any {
		return true
	}
	origin, err := parse(said[0])
	if err != nil || len(said) > 1 {
		return false // null: a sandboxed page, or one out of a file
	}
	if slices.Contains(g.allowed, origin.URL()) {
		return true
	}
	// The scheme may differ: a proxy that ends TLS doesn't always say so.
	own := clientaddr.Asked{Scheme: origin.Scheme, Host: clientaddr.AskedFor(r).Host}
	return normal(own) == origin
}

// parse reads an origin: a scheme and a host.
func parse(text string) (clientaddr.Asked, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return clientaddr.Asked{}, errors.New("isn't of the form https://sing.example")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil:
		return clientaddr.Asked{}, errors.New("is more than a scheme and a host")
	}
	return normal(clientaddr.Asked{Scheme: u.Scheme, Host: u.Host}), nil
}

// normal writes the host as browsers do: in lower case, without the scheme's own port.
func normal(a clientaddr.Asked) clientaddr.Asked {
	own := map[string]string{"http": ":80", "https": ":443"}
	a.Host = strings.TrimSuffix(strings.ToLower(a.Host), own[a.Scheme])
	return a
}
