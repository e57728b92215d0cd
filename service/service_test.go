package service_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
)

// grpc-web's wrapper starts a timer for ever when it is loaded: hence IgnoreCurrent.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// lines is a log that several goroutines write to.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func config(log *lines) service.Config {
	cfg := service.DefaultConfig()
	cfg.GRPCAddr, cfg.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Log = service.LogMemory
	cfg.Logger = zerolog.New(log)
	return cfg
}

// run runs a server until the test ends.
func run(t *testing.T, cfg service.Config) *service.Server {
	t.Helper()
	s, err := service.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("got %v from Run, want nil", err)
		}
	})
	return s
}

// rooms asks the gRPC port of a server for its rooms.
func rooms(t *testing.T, addr string) error {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err = singoffv1.NewRoomServiceClient(conn).ListRooms(ctx, &singoffv1.ListRoomsRequest{})
	return err
}

func TestPortZeroIsBoundAndTrue(t *testing.T) {
	t.Parallel()
	log := &lines{}
	s := run(t, config(log))
	if err := rooms(t, s.Addrs().GRPC); err != nil {
		t.Errorf("got %v from %s", err, s.Addrs().GRPC)
	}
	resp, err := http.Get("http://" + s.Addrs().HTTP + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(body) != "ready\n" {
		t.Errorf("got %q, want ready", body)
	}
	for _, want := range []string{`"grpc_addr":"` + s.Addrs().GRPC + `"`, `"http_addr":"` + s.Addrs().HTTP + `"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got %s, want %s in it", log, want)
		}
	}
	if strings.Contains(log.String(), "reachable from other machines") {
		t.Errorf("got %s, want no warning about a loopback address", log)
	}
}

func TestListeningElsewhereIsWarnedOf(t *testing.T) {
	t.Parallel()
	log := &lines{}
	cfg := config(log)
	cfg.GRPCAddr = ":0"
	s := run(t, cfg)
	_, port, err := net.SplitHostPort(s.Addrs().GRPC)
	if err != nil {
		t.Fatal(err)
	}
	if err := rooms(t, "127.0.0.1:"+port); err != nil {
		t.Errorf("got %v", err)
	}
	if n := strings.Count(log.String(), "reachable from other machines"); n != 1 {
		t.Errorf("got %s, want one warning, for gRPC", log)
	}
}

func TestUnixSockets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := config(&lines{})
	cfg.GRPCAddr, cfg.HTTPAddr = "unix:"+filepath.Join(dir, "g"), "unix:"+filepath.Join(dir, "h")
	s := run(t, cfg)
	if got := s.Addrs(); got.GRPC != cfg.GRPCAddr || got.HTTP != cfg.HTTPAddr {
		t.Errorf("got %v, want %s and %s", got, cfg.GRPCAddr, cfg.HTTPAddr)
	}
	if err := rooms(t, s.Addrs().GRPC); err != nil {
		t.Errorf("got %v", err)
	}
	if _, err := service.New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "in use by another program") {
		t.Errorf("got %v from a second server, want that the socket is in use", err)
	}
}

// A server that was killed leaves its socket behind; the next one must start all the same.
func TestStaleSocketIsRemoved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "g")
	lis, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	lis.(*net.UnixListener).SetUnlinkOnClose(false)
	lis.Close()
	cfg := config(&lines{})
	cfg.GRPCAddr = "unix:" + path
	s := run(t, cfg)
	if err := rooms(t, s.Addrs().GRPC); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestFileInTheSocketsPlaceIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "g")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config(&lines{})
	cfg.GRPCAddr = "unix:" + path
	if _, err := service.New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("got %v, want a refusal", err)
	}
	if got, err := os.ReadFile(path); string(got) != "precious" {
		t.Errorf("got %q, %v, want the file as it was", got, err)
	}
}

func TestServerThatNeverRuns(t *testing.T) {
	t.Parallel()
	s, err := service.New(t.Context(), config(&lines{}))
	if err != nil {
		t.Fatal(err)
	}
	addr := s.Addrs().GRPC
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("got %v, want nil", err)
		}
	}
	lis, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("got %v, want the port to be free again", err)
	}
	lis.Close()
}

func TestConfigThatIsRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*service.Config){
		"gRPC address":        func(c *service.Config) { c.GRPCAddr = "nonsense" },
		"HTTP address":        func(c *service.Config) { c.HTTPAddr = "" },
		"log":                 func(c *service.Config) { c.Log = "paper" },
		"singers":             func(c *service.Config) { c.Rules.Singers = 0 },
		"watchers":            func(c *service.Config) { c.Rules.Watchers = -1 },
		"message bytes":       func(c *service.Config) { c.MessageBytes = 1 << 20 },
		"commands per second": func(c *service.Config) { c.CommandsPerSecond = 0 },
		"command burst":       func(c *service.Config) { c.CommandBurst = 0 },
		"max connections":     func(c *service.Config) { c.MaxConnections = 0 },
		"max rooms":           func(c *service.Config) { c.MaxRooms = 0 },
		"drain time":          func(c *service.Config) { c.DrainTime = time.Millisecond },
		"come-back spread":    func(c *service.Config) { c.ComeBackSpread = -1 },
	} {
		cfg := config(&lines{})
		change(&cfg)
		_, err := service.New(t.Context(), cfg)
		if !errors.Is(err, service.ErrConfig) || !strings.Contains(err.Error(), want+": ") {
			t.Errorf("got %v, want ErrConfig naming %s", err, want)
		}
	}
}

// A compressor that is linked is used for a client that asks for it, and every message would be compressed for it alone.
func TestNoCompressorIsLinked(t *testing.T) {
	t.Parallel()
	if encoding.GetCompressor("gzip") != nil {
		t.Error("got gzip, want the server to be linked without it")
	}
}
