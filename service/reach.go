package service

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// Reach is how others get to a server: what its start shows, and what share links carry.
type Reach struct {
	// URL is the one to show and share; it ends in a slash. Empty: nobody gets there by HTTP, it is on a Unix socket.
	URL string
	// Others are further URLs that a phone on the house's net could use: those of other interfaces.
	Others []string
	// Local: only this machine can join, as far as the server can tell.
	Local bool
	// Nowhere: it listens to other machines, but this one has no address that a phone could use.
	Nowhere bool
	// Port of the HTTP port, for the firewall; 0: it has none.
	Port int
	// GRPC is host:port for native clients elsewhere; empty if they can't get there.
	GRPC string
	// Encrypted: both ports speak TLS.
	Encrypted bool
	// CA is the house's own certificate authority; nil: there is none.
	CA *HouseCA
}

// HouseCA is what one must know to trust the house's CA.
type HouseCA struct {
	// Fingerprint is its SHA-256, as phones show it.
	Fingerprint string
	// Guide is the URL of the page that explains it to a phone; over plain HTTP, since the phone doesn't trust it yet. Empty: the HTTP port is a
	// Unix socket.
	Guide string
	// File has its certificate, for singoff --ca.
	File string
}

// PublicURL is where people find the server, for pages and links; it ends in a slash. Empty: it is on a Unix socket and nobody said.
func (s *Server) PublicURL() string { return s.Reach().URL }

// shareURL is what the links of a page begin with that was opened by a request. Empty: nothing is better than the address it was opened at.
func (s *Server) shareURL(r *http.Request) string {
	if said := s.network.place.URL(""); said != "" {
		return said
	}
	if reach := s.Reach(); local(r.Host) && !reach.Local && !reach.Nowhere {
		return reach.URL
	}
	return ""
}

// local says whether a Host header names the machine it is on.
func local(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return name == "localhost" || err == nil && addr.IsLoopback()
}

// Reach is how others get to this server now.
func (s *Server) Reach() Reach {
	var r Reach
	said := s.network.place.URL("")
	web, hasPort := s.webLis.Addr().(*net.TCPAddr)
	addrs := usable(s.webLis.Addr())
	if hasPort {
		r.Port = web.Port
		r.Local = web.IP.IsLoopback() && said == ""
		r.Nowhere = !web.IP.IsLoopback() && len(addrs) == 0 && said == ""
	}
	for _, addr := range addrs {
		r.Others = append(r.Others, s.ownURL(addr, r.Port))
	}
	switch {
	case said != "":
		r.URL = said
	case len(r.Others) > 0:
		r.URL, r.Others = r.Others[0], r.Others[1:]
	case hasPort:
		r.URL = s.ownURL(loopback(web), r.Port)
	}
	if found := usable(s.grpcLis.Addr()); len(found) > 0 {
		r.GRPC = hostPort(found[0], s.grpcLis.Addr().(*net.TCPAddr).Port)
	}
	r.Encrypted = s.network.source != nil
	r.CA = s.houseCA(addrs, r.Port)
	return r
}

// ownURL is by which a client that no proxy is in front of reaches an address of the HTTP port.
func (s *Server) ownURL(addr netip.Addr, port int) string {
	return s.network.scheme() + "://" + hostPort(addr, port) + s.network.place.BasePath() + "/"
}

// houseCA tells of the house's CA by the best address; by this machine's own if there is no other.
func (s *Server) houseCA(addrs []netip.Addr, port int) *HouseCA {
	house := s.network.house
	if house == nil {
		return nil
	}
	ca := &HouseCA{Fingerprint: house.Fingerprint(), File: house.CertificateFile()}
	if web, ok := s.webLis.Addr().(*net.TCPAddr); ok {
		addrs = append(addrs, loopback(web))
		ca.Guide = "http://" + hostPort(addrs[0], port) + s.network.place.BasePath() + "/ca"
	}
	return ca
}

// usable are the addresses by which other machines reach a listener, the best one first.
func usable(bound net.Addr) []netip.Addr {
	tcp, ok := bound.(*net.TCPAddr)
	if !ok || tcp.IP.IsLoopback() {
		return nil
	}
	if !tcp.IP.IsUnspecified() {
		return []netip.Addr{tcp.AddrPort().Addr().Unmap()}
	}
	var addrs []netip.Addr
	for _, addr := range reachable() {
		if addr.Is4() || tcp.IP.To4() == nil { // 0.0.0.0 hears IPv4 alone
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// loopback is the address by which this machine reaches a listener.
func loopback(tcp *net.TCPAddr) netip.Addr {
	switch addr := tcp.AddrPort().Addr().Unmap(); {
	case !addr.IsUnspecified():
		return addr
	default:
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
}

func hostPort(addr netip.Addr, port int) string {
	return net.JoinHostPort(addr.String(), strconv.Itoa(port))
}

// announceReach says what the addresses mean for others.
func (s *Server) announceReach(r Reach) {
	log := s.cfg.Logger
	switch {
	case r.Local:
		log.Info().Msg("only this machine can join; --lan lets phones and others on the house's net in")
	case r.Nowhere:
		log.Warn().Msg("nobody can join by HTTP: this machine has no address on a net that a phone could use; connect it, or say --public-url")
	}
	if r.Encrypted {
		return
	}
	for name, lis := range map[string]net.Listener{"gRPC": s.grpcLis, "HTTP": s.webLis} {
		if exposed(lis.Addr()) {
			log.Warn().Str("port", name).Str("addr", show(lis.Addr())).
				Msg("reachable from other machines without encryption: whoever can listen in on the net reads keys and chat; " +
					"--tls self or --tls-cert encrypts, or a proxy with TLS in front")
		}
	}
}
