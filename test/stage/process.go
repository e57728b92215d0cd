package stage

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/singoff/singoff/service"
)

// Build makes singoffd and singoff in a folder of their own, for a TestMain, which has to remove it.
func Build() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "singoff-stage-"); err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-tags", "grpcnotrace,disable_grpc_modules", "-o", dir+"/",
		"github.com/singoff/singoff/cmd/singoffd", "github.com/singoff/singoff/cmd/singoff")
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.Join(fmt.Errorf("go build: %w\n%s", err, out), os.RemoveAll(dir))
	}
	return dir, nil
}

// Process is a singoffd of its own, which can be killed and started again on the same ports and the same folder.
type Process struct {
	T *testing.T
	// Programs is the folder that Build made.
	Programs string
	// Dir is the folder of the log.
	Dir string
	// Flags beside those that lift all limits.
	Flags []string
	// Addrs are known after the first Start.
	Addrs service.Addrs

	cmd   *exec.Cmd
	lines sync.WaitGroup
}

// Start runs it and waits until it serves.
func (p *Process) Start() {
	p.T.Helper()
	grpc, http := "127.0.0.1:0", "127.0.0.1:0"
	if p.Addrs.GRPC != "" {
		grpc, http = p.Addrs.GRPC, p.Addrs.HTTP
	}
	flags := []string{
		"--grpc-addr", grpc, "--http-addr", http, "--admin-addr", "off", "--log", "sqlite", "--data-dir", p.Dir, "--joins-per-minute", "0",
		"--streams-per-address", "0", "--rooms-per-hour", "0", "--calls-per-second", "0", "--come-back-spread", "0s", "--log-format", "json",
	}
	p.cmd = exec.Command(filepath.Join(p.Programs, "singoffd"), append(flags, p.Flags...)...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		p.T.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.T.Fatal(err)
	}
	serving := make(chan service.Addrs, 1)
	p.lines.Go(func() { p.logLoop(stderr, serving) })
	addrs, ok := <-serving
	if !ok {
		p.T.Fatalf("the server ended: %v", p.cmd.Wait())
	}
	p.Addrs = addrs
}

// logLoop reads the server's log to its end.
func (p *Process) logLoop(r io.Reader, serving chan<- service.Addrs) {
	defer close(serving)
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var line struct {
			Level, Message, Error string

			GRPC string `json:"grpc_addr"`
			HTTP string `json:"http_addr"`
		}
		switch err := json.Unmarshal(lines.Bytes(), &line); {
		case err == nil && line.Level != "error" && line.Level != "panic":
		case line.Level == "error" && strings.Contains(line.Error, context.DeadlineExceeded.Error()):
			// A disk or a processor that others take for seconds is nobody's fault here. What the server makes of it is what is tested.
			p.T.Logf("the server had to wait: %s", lines.Text())
		default:
			p.T.Errorf("the server says %s", lines.Text())
		}
		if line.Message == "serving" {
			serving <- service.Addrs{GRPC: line.GRPC, HTTP: line.HTTP}
		}
	}
}

// End ends it by a signal, and waits for its end.
func (p *Process) End(signal syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(signal)
	p.lines.Wait()
	_ = p.cmd.Wait() // that it was killed is no news
	p.cmd = nil
}
