package clientaddr

import (
	"context"
	"net/http"
	"strings"
)

// Asked is what the client, at the far end of all proxies, asked for.
type Asked struct {
	// Scheme is http or https.
	Scheme string
	// Host is that of the client's URL, with its port if that isn't the scheme's own: what a browser's address bar shows.
	Host string
}

// URL is the beginning of the client's URL: https://sing.example.
func (a Asked) URL() string { return a.Scheme + "://" + a.Host }

type askedKey struct{}

// AskedFor is what the client of a request asked for, as the Middleware found it; without one, what the request itself says.
func AskedFor(r *http.Request) Asked {
	if asked, ok := r.Context().Value(askedKey{}).(Asked); ok {
		return asked
	}
	return asked(r, http.Header{})
}

// headers of proxies. They end here: nobody behind the Middleware can take them for the truth.
var headers = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Forwarded"}

// Middleware makes Request.RemoteAddr the client's address: host:port of a peer, a bare address if a proxy told it, or Unix. It takes
// what proxies said out of the headers, and makes AskedFor true.
func (r *Resolver) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		client, trusted := r.resolve(req.RemoteAddr, req.Header.Values("X-Forwarded-For"))
		said := http.Header{}
		if trusted {
			said = req.Header
		}
		req2 := req.WithContext(context.WithValue(req.Context(), askedKey{}, asked(req, said)))
		req2.RemoteAddr = client
		req2.Header = req.Header.Clone()
		for _, name := range headers {
			req2.Header.Del(name)
		}
		next.ServeHTTP(w, req2)
	})
}

// asked believes what is said in the headers given, and else the request.
func asked(r *http.Request, said http.Header) Asked {
	a := Asked{Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		a.Scheme = "https"
	}
	switch scheme := strings.ToLower(last(said, "X-Forwarded-Proto")); scheme {
	case "http", "ws":
		a.Scheme = "http"
	case "https", "wss":
		a.Scheme = "https"
	}
	if host := last(said, "X-Forwarded-Host"); validHost(host) {
		a.Host = host
	}
	a.Host = withoutPort(strings.ToLower(a.Host), a.Scheme)
	return a
}

// last is what the nearest proxy said: the end of a list.
func last(h http.Header, name string) string {
	values := h.Values(name)
	if len(values) == 0 {
		return ""
	}
	value := values[len(values)-1]
	return strings.TrimSpace(value[strings.LastIndexByte(value, ',')+1:])
}

// validHost is for a host[:port] that may be written into a URL.
func validHost(host string) bool {
	if host == "" || len(host) > 255 {
		return false
	}
	return strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") == ""
}

// withoutPort leaves the scheme's own port out.
func withoutPort(host, scheme string) string {
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}
