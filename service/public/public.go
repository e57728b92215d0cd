// Package public is where people find the server: its URL as it is shown and shared, and the path below which it answers.
// The operator may say both, for a proxy in front; else the URL is made of an address that the server is bound to.
package public

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// ErrPlace is wrapped by Parse's refusals.
var ErrPlace = errors.New("public URL or base path")

// Place is what the operator said. The zero one is a server of its own, at the root.
type Place struct {
	url  string // ends in a slash; empty: not said
	base string // no slash at its end; empty: the root
}

// Parse reads a public URL (https://sing.example/battle, http://192.168.0.5:8080) and a base path (/battle); both may be empty. Without a
// base path it is the URL's path; `/` is the root whatever the URL says, for a proxy that takes the path away. An error wraps ErrPlace.
func Parse(publicURL, basePath string) (Place, error) {
	var p Place
	if publicURL != "" {
		u, err := parseURL(publicURL)
		if err != nil {
			return Place{}, fmt.Errorf("%w: %q %w", ErrPlace, publicURL, err)
		}
		p.base = strings.TrimSuffix(u.Path, "/")
		p.url = u.Scheme + "://" + u.Host + p.base + "/"
	}
	if basePath != "" {
		if err := checkPath(basePath); err != nil {
			return Place{}, fmt.Errorf("%w: %q %w", ErrPlace, basePath, err)
		}
		p.base = strings.TrimSuffix(basePath, "/")
	}
	return p, nil
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("isn't a URL like https://sing.example/battle")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil:
		return nil, errors.New("is more than a scheme, a host and a path")
	case u.Path != "":
		return u, checkPath(u.Path)
	}
	return u, nil
}

// checkPath wants a path that is written the same way everywhere.
func checkPath(text string) error {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/"
	switch {
	case !strings.HasPrefix(text, "/"):
		return errors.New("doesn't begin with a slash")
	case strings.Trim(text, allowed) != "":
		return errors.New("has something else in its path than A-Z a-z 0-9 - _ . ~ /")
	case text != "/" && path.Clean(text) != strings.TrimSuffix(text, "/"):
		return errors.New("isn't written in the shortest way")
	}
	return nil
}

// URL is where people find the server; it ends in a slash. It is what the operator said, else made of own, the beginning of a URL by
// which a client on the house's net reaches the server: http://192.168.0.5:8080.
func (p Place) URL(own string) string {
	switch {
	case p.url != "":
		return p.url
	case own == "":
		return ""
	}
	return own + p.base + "/"
}

// Origin is that of the URL the operator said; empty if they didn't.
func (p Place) Origin() string {
	u, err := url.Parse(p.url)
	if err != nil || p.url == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// BasePath is the path below which the server answers, without a slash at its end; empty: the root.
func (p Place) BasePath() string { return p.base }

// Handler takes the base path away from what is asked for. What isn't below it is handed on as it is: a proxy may have taken it away.
func (p Place) Handler(next http.Handler) http.Handler {
	if p.base == "" {
		return next
	}
	below := http.StripPrefix(p.base, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == p.base:
			// What the page asks for is relative to the slash. The path alone: a proxy may have another host and scheme.
			target := url.URL{Path: p.base + "/", RawQuery: r.URL.RawQuery}
			w.Header().Set("Location", target.String())
			w.WriteHeader(http.StatusTemporaryRedirect)
		case strings.HasPrefix(r.URL.Path, p.base+"/"):
			below.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
