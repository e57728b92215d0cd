// Package kill ends the real server with SIGKILL, again and again, while people battle by all ways in. Nothing that was answered may be
// lost, nobody may miss anything or get it twice, seats and tallies stay exact; the log itself is read at the end.
package kill

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/service"
)

// bin is the folder with the server, built once.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "singoff-kill-")
	if err == nil {
		bin = dir
		cmd := exec.Command("go", "build", "-tags", "grpcnotrace,disable_grpc_modules", "-o", bin+"/", "./cmd/singoffd", "./cmd/singoff")
		cmd.Dir = "../.."
		cmd.Stderr = os.Stderr
		err = cmd.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(), goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// server is a singoffd that is killed and started again on the same ports and folder.
type server struct {
	t     *testing.T
	dir   string // of the log
	admin string // address of the operator; empty: none
	addrs service.Addrs
	cmd   *exec.Cmd
	lines sync.WaitGroup
}

// start runs it and waits until it serves.
func (s *server) start() {
	s.t.Helper()
	grpc, http := "127.0.0.1:0", "127.0.0.1:0"
	if s.addrs.GRPC != "" {
		grpc, http = s.addrs.GRPC, s.addrs.HTTP
	}
	s.cmd = exec.Command(filepath.Join(bin, "singoffd"), "--grpc-addr", grpc, "--http-addr", http, "--admin-addr", cmp.Or(s.admin, "off"), "--log", "sqlite",
		"--data-dir", s.dir, "--joins-per-minute", "0", "--streams-per-address", "0", "--rooms-per-hour", "0", "--calls-per-second", "0",
		"--come-back-spread", "0s", "--log-format", "json")
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	serving := make(chan service.Addrs, 1)
	s.lines.Go(func() { s.logLoop(stderr, serving) })
	addrs, ok := <-serving
	if !ok {
		s.t.Fatalf("the server ended: %v", s.cmd.Wait())
	}
	s.addrs = addrs
}

// logLoop reads the server's log to its end.
func (s *server) logLoop(r io.Reader, serving chan<- service.Addrs) {
	defer close(serving)
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var line struct {
			Level, Message string
			GRPC           string `json:"grpc_addr"`
			HTTP           string `json:"http_addr"`
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Level == "error" || line.Level == "panic" {
			s.t.Errorf("the server says %s", lines.Text())
		}
		if line.Message == "serving" {
			serving <- service.Addrs{GRPC: line.GRPC, HTTP: line.HTTP}
		}
	}
}

// end ends it by a signal, and waits for its end.
func (s *server) end(signal syscall.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(signal)
	s.lines.Wait()
	_ = s.cmd.Wait() // that it was killed is no news
	s.cmd = nil
}
