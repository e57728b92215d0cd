package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// dialTimeout is how long a TCP connection may take to be made, tlsTimeout its TLS handshake.
	dialTimeout = 10 * time.Second
	tlsTimeout  = 10 * time.Second
	// idleTimeout is how long a connection without a request is kept.
	idleTimeout = time.Minute
	// Over HTTP/2 a connection that has been silent for h2Silence is asked for a sign of life, and ended without an answer in h2Patience.
	h2Silence  = 5 * time.Second
	h2Patience = 5 * time.Second
)

// pool makes HTTP requests. It knows each of its connections, so that all of them can be ended.
type pool struct {
	config  HTTPConfig
	sockets bool // for websockets: HTTP/1.1, one connection for each request

	ctx    context.Context // ends with close
	cancel context.CancelFunc
	using  sync.WaitGroup // one for each user of a generation

	mu      sync.Mutex // protects what follows, and the fields of generations
	current *generation
	closed  bool
}

// generation is connections made since the former ones were distrusted. Its connections are ended when it is retired and nobody uses it.
type generation struct {
	pool    *pool
	client  *http.Client
	idle    func()
	conns   map[net.Conn]struct{}
	users   int
	retired bool
}

func newPool(config HTTPConfig, sockets bool) *pool {
	p := &pool{config: config, sockets: sockets}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.current = p.newGeneration()
	return p
}

func (p *pool) newGeneration() *generation {
	g := &generation{pool: p, conns: map[net.Conn]struct{}{}}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(!p.sockets)
	var config *tls.Config
	if p.config.TLS != nil {
		config = p.config.TLS.Clone()
	}
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: g.dial, TLSClientConfig: config, TLSHandshakeTimeout: tlsTimeout,
		IdleConnTimeout: idleTimeout, DisableCompression: true, DisableKeepAlives: p.sockets, Protocols: &protocols,
		MaxIdleConnsPerHost: 4, HTTP2: &http.HTTP2Config{SendPingTimeout: h2Silence, PingTimeout: h2Patience},
	}
	g.idle = t.CloseIdleConnections
	g.client = &http.Client{
		Transport: named{t, p.config.UserAgent},
		// A server elsewhere mustn't be handed a key that was meant for this one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return g
}

// acquire gives the connections to use, until release.
func (p *pool) acquire() (*generation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	p.using.Add(1)
	p.current.users++
	return p.current, nil
}

func (g *generation) release() {
	g.pool.mu.Lock()
	g.users--
	conns := g.unusedLocked()
	g.pool.mu.Unlock()
	g.end(conns)
	g.pool.using.Done()
}

// retire makes later requests use other connections.
func (g *generation) retire() {
	p := g.pool
	p.mu.Lock()
	g.retired = true
	if p.current == g && !p.closed {
		p.current = p.newGeneration()
	}
	conns := g.unusedLocked()
	p.mu.Unlock()
	g.end(conns)
}

// unusedLocked takes the connections out if they are to be ended.
func (g *generation) unusedLocked() []net.Conn {
	if !g.retired || g.users > 0 {
		return nil
	}
	conns := make([]net.Conn, 0, len(g.conns))
	for conn := range g.conns {
		conns = append(conns, conn)
	}
	clear(g.conns)
	return conns
}

func (g *generation) end(conns []net.Conn) {
	for _, conn := range conns {
		conn.Close()
	}
	if len(conns) > 0 {
		g.idle()
	}
}

// close breaks what is under way, and waits for it.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	current := p.current
	p.mu.Unlock()
	p.cancel()
	p.using.Wait()
	current.retire()
}

func (g *generation) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	dial := g.pool.config.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	known := &knownConn{Conn: conn, generation: g}
	if !g.add(known) {
		conn.Close()
		return nil, errors.New("the connection isn't wanted any more")
	}
	return known, nil
}

// add takes a connection in; false: it came too late, since net/http finishes dialing for a request that was given up.
func (g *generation) add(conn net.Conn) bool {
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	if g.retired && g.users == 0 {
		return false
	}
	g.conns[conn] = struct{}{}
	return true
}

// knownConn is a connection that its generation can end.
type knownConn struct {
	net.Conn
	generation *generation
}

func (c *knownConn) Close() error {
	c.generation.pool.mu.Lock()
	delete(c.generation.conns, c)
	c.generation.pool.mu.Unlock()
	return c.Conn.Close()
}

// named tells a user agent with each request.
type named struct {
	http.RoundTripper
	userAgent string
}

func (n named) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.userAgent != "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", n.userAgent)
	}
	return n.RoundTripper.RoundTrip(r)
}
