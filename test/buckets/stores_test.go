package buckets_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Keys of the store of S3.
const (
	accessKey = "AKIASONGS"
	secretKey = "secret-of-the-songs"
)

// The stores are one process for all tests, each of which has buckets of its own there, behind a front for each store.
var s3Front, gsFront *front

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "stores") // a socket's path must be short
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	s3Front, gsFront = newFront(filepath.Join(dir, "s3.sock")), newFront(filepath.Join(dir, "gs.sock"))
	defer s3Front.close()
	defer gsFront.close()
	os.Setenv("STORAGE_EMULATOR_HOST", gsFront.host())
	end, err := start(dir, gsFront.host())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer end()
	return m.Run()
}

// start builds the stores, runs them, and waits until both listen.
func start(dir, host string) (end func(), err error) {
	bin := filepath.Join(dir, "stores")
	building := time.Now()
	build := exec.Command("go", "build", "-tags", "grpcnotrace,disable_grpc_modules", "-modfile", "tools/stores.mod", "-o", bin, "test/buckets/stores.go")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the stores: %w\n%s", err, out)
	}
	fmt.Printf("the stores were built in %v\n", time.Since(building).Round(time.Second))
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, bin, dir, host)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	stdin, err := cmd.StdinPipe() // they end with it, however this process ends
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	end = func() { stdin.Close(); cancel(); ended <- <-ended }
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !listens(s3Front.socket) || !listens(gsFront.socket) {
		select {
		case err := <-ended:
			cancel()
			return nil, fmt.Errorf("the stores: %w: %s", err, &said)
		case <-deadline.C:
			end()
			return nil, fmt.Errorf("the stores don't listen after a minute: %s", &said)
		case <-tick.C:
		}
	}
	return end, nil
}

func listens(socket string) bool {
	c, err := net.Dial("unix", socket)
	return err == nil && c.Close() == nil
}

// front leads to a store, notes which objects' contents are asked for, and can make the store of a bucket go away.
type front struct {
	socket string
	server *http.Server
	addr   net.Addr

	mu   sync.Mutex
	away map[string]bool     // by bucket
	got  map[string][]string // paths of contents, by bucket
}

func newFront(socket string) *front {
	f := &front{socket: socket, away: map[string]bool{}, got: map[string][]string{}}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
		DisableCompression: true,
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", "store", r.In.Host // what is signed
		},
		Transport: transport,
	}
	f.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.note(r) {
			panic(http.ErrAbortHandler) // nobody is there
		}
		proxy.ServeHTTP(w, r)
	}), ReadHeaderTimeout: time.Minute}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	f.addr = listener.Addr()
	go func() {
		if err := f.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	return f
}

func (f *front) host() string { return f.addr.String() }
func (f *front) close()       { _ = f.server.Close() }

// note says whether the bucket that a request is about is away.
func (f *front) note(r *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, part := range strings.Split(r.URL.Path, "/") {
		if !strings.HasPrefix(part, "songs-") {
			continue
		}
		_, key, _ := strings.Cut(r.URL.Path, "/"+part+"/")
		if r.Method == http.MethodGet && key != "" && !strings.HasPrefix(r.URL.Path, "/storage/v1/") { // not a list or attributes
			f.got[part] = append(f.got[part], key)
		}
		return f.away[part]
	}
	return false
}

// setAway makes the store of a bucket go away, or come back.
func (f *front) setAway(bucket string, away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away[bucket] = away
}

// takeGot gives the keys of contents asked for since it was last asked.
func (f *front) takeGot(bucket string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	got := f.got[bucket]
	delete(f.got, bucket)
	return got
}
