package certs

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed guide.html
var guideSource string

var guideTemplate = template.Must(template.New("guide").Parse(guideSource))

// Guide serves two paths, to be mounted over TLS and without: /ca explains, in Korean and English, how a phone trusts the house's CA, and
// /ca.crt is its certificate, in PEM, which phones and computers take as it is.
func (h *House) Guide() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ca", h.servePage)
	mux.HandleFunc("GET /ca.crt", h.serveCertificate)
	return mux
}

// GuidePaths are those of Guide.
var GuidePaths = []string{"/ca", "/ca.crt"}

func (h *House) serveCertificate(w http.ResponseWriter, _ *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "application/x-x509-ca-cert")
	header.Set("Content-Disposition", `attachment; filename="singoff-ca.crt"`)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(h.PEM()) // a client that is gone needs no answer
}

func (h *House) servePage(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	err := guideTemplate.Execute(w, map[string]string{
		"Name":        h.Name(),
		"Fingerprint": h.Fingerprint(),
		"Secure":      (&url.URL{Scheme: "https", Host: r.Host}).String(),
	})
	if err != nil {
		h.cfg.Logger.Debug().Err(err).Msg("the page wasn't read to its end")
	}
}

// ToTLS answers plain HTTP by the same URL with https. It keeps the method, and isn't remembered by browsers: TLS may be switched off again.
func ToTLS() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "" {
			http.Error(w, "this port speaks TLS: use https", http.StatusBadRequest)
			return
		}
		path := r.RequestURI // as it came: a base path may have been taken out of r.URL
		if !strings.HasPrefix(path, "/") {
			path = "/"
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Location", (&url.URL{Scheme: "https", Host: r.Host}).String()+path)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
}
