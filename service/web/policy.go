package web

import (
	"regexp"
	"strings"
)

// plainHost is a host that may stand in a policy: a Host header is the client's word.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:]+\](:[0-9]+)?$`)

// policy is the page's Content-Security-Policy: what was served with this answer runs, and nothing else; nothing goes to another host but for
// media.
func policy(nonce, host string, mediaOrigins []string) string {
	connect := "'self'"
	if plainHost.MatchString(host) {
		connect += " ws://" + host + " wss://" + host // older Safari doesn't take websockets for 'self'
	}
	media := strings.Join(append([]string{"'self'", "blob:"}, mediaOrigins...), " ")
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'nonce-" + nonce + "' 'strict-dynamic'",
		"style-src 'self' 'nonce-" + nonce + "'",
		"style-src-attr 'none'",
		"img-src " + media,
		"media-src " + media,
		"connect-src " + connect,
		"font-src 'self'",
		"manifest-src 'self'",
		"base-uri 'self'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; ")
}
