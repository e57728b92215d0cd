package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/mattn/go-isatty"

	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/service/lan"
)

// invite shows how others get to the server, with a QR code if somebody looks. For this machine alone there is nothing to show.
func invite(w io.Writer, r service.Reach) {
	if r.CA != nil {
		fmt.Fprintf(w, "The house's CA, SHA-256: %s\n", r.CA.Fingerprint)
		if r.CA.Guide != "" {
			fmt.Fprintf(w, "A phone trusts it, once, as told at %s\n", r.CA.Guide)
		}
		fmt.Fprintf(w, "Its certificate, for singoff --ca: %s\n", r.CA.File)
	}
	if r.Local || r.Nowhere || r.URL == "" {
		return
	}
	fmt.Fprintf(w, "Phones and others join at %s\n", r.URL)
	for _, url := range r.Others {
		fmt.Fprintf(w, "                       or %s\n", url)
	}
	if r.GRPC != "" {
		fmt.Fprintf(w, "In a terminal: singoff join 'Friday battle' --server %s%s\n", r.GRPC, trusting(r))
	}
	if r.Port != 0 {
		fmt.Fprintf(w, "If a phone can't get there, this machine's firewall must let port %d in.\n", r.Port)
	}
	if !drawable(w) {
		return
	}
	if code, err := lan.QR(r.URL); err == nil { // one that is too long is shown as text alone
		fmt.Fprint(w, "\n", code, "\n")
	}
}

// trusting is how singoff is told to speak to a server elsewhere that isn't known by a public certificate.
func trusting(r service.Reach) string {
	switch {
	case r.CA != nil:
		return " --ca " + filepath.Base(r.CA.File)
	case !r.Encrypted:
		return " --plaintext"
	}
	return ""
}

// drawable says whether somebody looks at a terminal that can show a code.
func drawable(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd()) && os.Getenv("TERM") != "dumb"
}
