package clientaddr

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// ErrTrusted is wrapped by ParseTrusted's refusals.
var ErrTrusted = errors.New("trusted proxies")

// DefaultTrusted are the proxies of this machine, in the form that ParseTrusted reads.
var DefaultTrusted = []string{"loopback", "unix"}

// Trusted is a set of proxies.
type Trusted struct {
	networks []netip.Prefix
	unix     bool
}

// words stand for networks.
var words = map[string][]netip.Prefix{
	"loopback": prefixes("127.0.0.0/8", "::1/128"),
	"private":  prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
	"unix":     nil,
	"none":     nil,
}

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// ParseTrusted reads networks (10.1.0.0/16), addresses (10.1.2.3), and the words loopback, private (RFC 1918 and fc00::/7), unix (who comes
// through a Unix socket) and none. An error wraps ErrTrusted and names the entry.
func ParseTrusted(list []string) (Trusted, error) {
	var t Trusted
	for _, entry := range list {
		entry = strings.TrimSpace(entry)
		networks, isWord := words[entry]
		switch {
		case entry == "none" && len(list) > 1:
			return Trusted{}, fmt.Errorf("%w: none stands alone", ErrTrusted)
		case isWord:
			t.unix = t.unix || entry == "unix"
		default:
			network, err := parseNetwork(entry)
			if err != nil {
				return Trusted{}, fmt.Errorf("%w: %q is neither a network (10.1.0.0/16), an address, nor one of loopback, private, unix, none", ErrTrusted, entry)
			}
			networks = []netip.Prefix{network}
		}
		t.networks = append(t.networks, networks...)
	}
	return t, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.WithZone("").Unmap()
		return addr.Prefix(addr.BitLen())
	}
	network, err := netip.ParsePrefix(text)
	if err == nil && network.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("an IPv4 network in the form of IPv6")
	}
	return network.Masked(), err
}

// proxy says whether a trusted proxy has this address.
func (t Trusted) proxy(addr netip.Addr) bool {
	addr = addr.WithZone("").Unmap()
	for _, network := range t.networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}
