// Package clientaddr tells who a request comes from, and under which name its client asked for the server, when proxies stand in front.
// What a proxy says in X-Forwarded-For, -Proto and -Host counts only if the proxy is trusted; what anybody else says there is dropped.
// Over HTTP a middleware settles it once for all handlers behind it; over gRPC it is asked for each call.
package clientaddr

import (
	"net/netip"
	"strings"
	"sync"

	"github.com/rs/zerolog"
)

// Config of a Resolver.
type Config struct {
	// Trusted are the proxies that are believed. The zero one trusts nobody; DefaultTrusted is the usual.
	Trusted Trusted
	// Logger gets one warning, when the first peer that isn't trusted says for whom it speaks. The zero one logs nothing.
	Logger zerolog.Logger
}

// Resolver finds clients behind proxies. Its methods may be called concurrently.
type Resolver struct {
	cfg    Config
	warned sync.Once
}

// New makes a Resolver.
func New(cfg Config) *Resolver { return &Resolver{cfg: cfg} }

// Unix is the address of a client on this machine that came through a Unix socket by itself.
const Unix = "unix"

// What is read of X-Forwarded-For, from its end: a client can make it as long as it likes.
const (
	maxForwardedBytes = 1 << 10
	maxHops           = 16
)

// resolve gives the client's address. peer is who is at the other end of the connection (host:port; anything else is a Unix socket);
// forwarded are the values of its X-Forwarded-For, in their order. trusted: the peer is a trusted proxy.
func (r *Resolver) resolve(peer string, forwarded []string) (client string, trusted bool) {
	client = peer
	if at, err := netip.ParseAddrPort(peer); err == nil {
		at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
		client, trusted = at.String(), r.cfg.Trusted.proxy(at.Addr())
	} else if IP(peer).IsValid() {
		trusted = r.cfg.Trusted.proxy(IP(peer))
	} else {
		client, trusted = Unix, r.cfg.Trusted.unix
	}
	if !trusted {
		if len(forwarded) > 0 {
			r.warn(client)
		}
		return client, false
	}
	if found, ok := r.behind(forwarded); ok {
		client = found.String()
	}
	return client, true
}

// behind goes from the proxy that is nearest towards the client, as far as each word is a trusted one's.
func (r *Resolver) behind(forwarded []string) (client netip.Addr, ok bool) {
	text := strings.Join(forwarded, ",")
	cut := len(text) > maxForwardedBytes
	if cut {
		text = text[len(text)-maxForwardedBytes:]
	}
	hops := strings.Split(text, ",")
	if cut {
		hops = hops[1:] // half an address may look like a whole one
	}
	for i := len(hops) - 1; i >= 0 && len(hops)-i <= maxHops; i-- {
		hop := IP(strings.TrimSpace(hops[i]))
		if !hop.IsValid() {
			break
		}
		client, ok = hop, true
		if !r.cfg.Trusted.proxy(hop) {
			break
		}
	}
	return client, ok
}

func (r *Resolver) warn(peer string) {
	r.warned.Do(func() {
		r.cfg.Logger.Warn().Str("peer", peer).
			Msg("says in X-Forwarded-For for whom it speaks and isn't trusted: if it is your proxy, name it in --trusted-proxies; said once")
	})
}

// IP is the address in text of the forms 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] and [2001:db8::1]:80, without a zone;
// the zero Addr, which isn't valid, if there is none.
func IP(text string) netip.Addr {
	const longest = 80 // of an address with a zone and a port
	if len(text) > longest {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}
		}
		addr = withPort.Addr()
	}
	return addr.WithZone("").Unmap()
}
