package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// HTTPConfig says how a server's HTTP port is reached.
type HTTPConfig struct {
	// URL of the port: `http://host:port` or `https://host:port`, with the path in front of singoff's own if a proxy gives it one. Required.
	URL string
	// TLS checks a server of https; nil: the system's roots. Without effect on http.
	TLS *tls.Config
	// UserAgent is told to the server; may be empty.
	UserAgent string
	// Dial makes a connection as net.Dialer.DialContext does; nil: that.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// ParseURL reads the URL of a server's HTTP port. The error says what is wrong with it.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("isn't a URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("has the scheme %q, http or https is needed", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("names no host")
	case u.User != nil:
		return nil, errors.New("holds a user, which singoff doesn't know")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("ends with a query or a fragment, only a path may follow the port")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

func (c HTTPConfig) base() (string, error) {
	u, err := ParseURL(c.URL)
	if err != nil {
		return "", fmt.Errorf("transport: URL %q %w", c.URL, err)
	}
	return u.String(), nil
}
