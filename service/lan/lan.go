// Package lan finds the addresses by which a phone on the house's net can reach this machine, and shows them, as text and as a QR code.
// Which of a machine's many addresses those are is decided by a pure function over descriptions of its interfaces.
package lan

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Interface is one of a machine's interfaces, as far as it matters here.
type Interface struct {
	// Name as the system has it: wlan0, en0, docker0.
	Name string
	// Up: it is switched on. PointToPoint: there is one machine at its other end, as in a tunnel.
	Up, Loopback, PointToPoint bool
	// Default: the route to the rest of the world goes out here.
	Default bool
	// Addrs are its addresses.
	Addrs []netip.Addr
	// Fleeting are those of Addrs that go away by themselves or are no good: temporary ones of IPv6, deprecated ones, duplicates. They
	// count only where an interface has no other.
	Fleeting []netip.Addr
}

// Reachable gives the addresses a phone could use, the best one first: IPv4 before IPv6, then the interface of the default route, then
// private ones. It leaves out what is down, loopback or link-local, and the adapters of virtual machines, containers and tunnels: a
// guest's phone isn't in there.
func Reachable(interfaces []Interface) []netip.Addr {
	type candidate struct {
		addr  netip.Addr
		ranks [3]int
	}
	var found []candidate
	for _, i := range interfaces {
		if !i.Up || i.Loopback || i.PointToPoint || virtual(i.Name) {
			continue
		}
		for _, addr := range lasting(i) {
			found = append(found, candidate{addr, [3]int{rank(addr.Is4()), rank(i.Default), rank(addr.IsPrivate())}})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(slices.Compare(a.ranks[:], b.ranks[:]), a.addr.Compare(b.addr))
	})
	var addrs []netip.Addr
	for _, c := range found {
		addrs = append(addrs, c.addr)
	}
	return slices.Compact(addrs)
}

func rank(better bool) int {
	if better {
		return 0
	}
	return 1
}

// lasting are the usable addresses of an interface: those of IPv4, and of IPv6 those that stay, if there are any.
func lasting(i Interface) []netip.Addr {
	var stay, rest []netip.Addr
	for _, addr := range i.Addrs {
		addr = addr.Unmap()
		switch {
		case !addr.IsGlobalUnicast(): // loopback, link-local, multicast, unspecified
		case slices.Contains(i.Fleeting, addr):
			rest = append(rest, addr)
		default:
			stay = append(stay, addr)
		}
	}
	if len(stay) == 0 {
		return rest
	}
	return stay
}

// Adapters that lead to no phone, by how their names begin. A tailnet's and a VPN's members could come in by them; guests can't, and
// who wants it says --public-url.
var virtualNames = []string{
	// Containers.
	"docker", "br-", "veth", "podman", "cni", "cali", "flannel", "lxcbr", "lxdbr", "incusbr", "kube", "nerdctl",
	// Virtual machines.
	"virbr", "vmnet", "vboxnet", "vnet", "bridge10", "vethernet", "virtualbox", "vmware", "hyper-v",
	// Tunnels.
	"tun", "tap", "utun", "wg", "tailscale", "zt", "ppp", "ipsec", "gif", "stf", "sit", "ip6tnl", "gre", "nordlynx", "proton",
	// Apple's links between devices, and nothing at all.
	"awdl", "llw", "anpi", "dummy", "ifb",
}

func virtual(name string) bool {
	name = strings.ToLower(name)
	const routers = "br-lan" // OpenWrt's bridge is the house's net; all others of that form are Docker's
	return name != routers && slices.ContainsFunc(virtualNames, func(begin string) bool { return strings.HasPrefix(name, begin) })
}

// Interfaces describes those of this machine.
func Interfaces() ([]Interface, error) {
	system, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	leaving, fleeting := defaultSources(), fleetingAddrs()
	var list []Interface
	for _, s := range system {
		i := Interface{
			Name: s.Name,
			Up:   s.Flags&net.FlagUp != 0, Loopback: s.Flags&net.FlagLoopback != 0, PointToPoint: s.Flags&net.FlagPointToPoint != 0,
			Fleeting: fleeting,
		}
		addrs, err := s.Addrs()
		if err != nil {
			continue // it went away meanwhile
		}
		for _, addr := range addrs {
			prefix, err := netip.ParsePrefix(addr.String())
			if err != nil {
				continue
			}
			i.Addrs = append(i.Addrs, prefix.Addr().Unmap())
			i.Default = i.Default || slices.Contains(leaving, prefix.Addr().Unmap())
		}
		list = append(list, i)
	}
	return list, nil
}

// defaultSources are the addresses with which packets to the rest of the world leave. Connecting a UDP socket sends nothing.
func defaultSources() (addrs []netip.Addr) {
	for network, anywhere := range map[string]string{"udp4": "192.0.2.1:9", "udp6": "[2001:db8::1]:9"} {
		conn, err := net.Dial(network, anywhere)
		if err != nil {
			continue // no such route
		}
		if local, ok := conn.LocalAddr().(*net.UDPAddr); ok {
			addrs = append(addrs, local.AddrPort().Addr().Unmap())
		}
		conn.Close()
	}
	return addrs
}
