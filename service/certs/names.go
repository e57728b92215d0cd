package certs

import (
	"net/netip"
	"os"
	"slices"
	"strings"
)

// Names are what clients call the server by.
type Names struct {
	// DNS names, in lower case.
	DNS []string
	// Addrs are addresses.
	Addrs []netip.Addr
}

// OwnNames are those of this machine: localhost, its host name as it is and with .local, and loopback. Others are to be added.
func OwnNames() Names {
	names := Names{
		DNS:   []string{"localhost"},
		Addrs: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()},
	}
	host, err := os.Hostname()
	if err != nil {
		return names
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	names.AddHost(host)
	first, _, _ := strings.Cut(host, ".")
	names.AddHost(first + ".local")
	return names
}

// AddHost adds a name or an address in text; what can't be in a certificate is left out.
func (n *Names) AddHost(host string) {
	host = strings.Trim(strings.ToLower(host), "[]")
	if addr, err := netip.ParseAddr(host); err == nil {
		n.AddAddr(addr)
		return
	}
	if isDNS(host) && !slices.Contains(n.DNS, host) {
		n.DNS = append(n.DNS, host)
	}
}

// AddAddr adds an address that others can ask for: the unspecified one isn't.
func (n *Names) AddAddr(addr netip.Addr) {
	addr = addr.WithZone("").Unmap()
	if addr.IsValid() && !addr.IsUnspecified() && !slices.Contains(n.Addrs, addr) {
		n.Addrs = append(n.Addrs, addr)
	}
}

// isDNS is for names as certificates may hold them; a computer's name may have blanks or umlauts.
func isDNS(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// strings are all of them, as text.
func (n Names) strings() (list []string) {
	list = append(list, n.DNS...)
	for _, addr := range n.Addrs {
		list = append(list, addr.String())
	}
	return list
}
