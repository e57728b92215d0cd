package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server under measurement.
type process struct {
	cmd *exec.Cmd
	at  addresses
}

// addresses are where a server listens; the bare one has but the first.
type addresses struct {
	GRPC string `json:"grpc_addr"`
	HTTP string `json:"http_addr"`
}

func build(ctx context.Context, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "grpcnotrace,disable_grpc_modules", "-o", to, "github.com/singoff/singoff/cmd/singoffd")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// start runs a server and reads its addresses from the JSON lines of its log. env is added to its environment.
func start(ctx context.Context, command []string, env ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd}
	lines := bufio.NewScanner(log)
	last := ""
	for p.at.GRPC == "" && lines.Scan() {
		last = lines.Text()
		var at addresses
		if json.Unmarshal(lines.Bytes(), &at) == nil {
			p.at = at
		}
	}
	if p.at.GRPC == "" {
		p.stop()
		return nil, fmt.Errorf("%s ended without saying where it listens: %s", command[0], last)
	}
	go func() {
		for lines.Scan() { // a server whose log nobody reads would stop
		}
	}()
	return p, nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
}

// cpu is the user and system time that the process has used.
func (p *process) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var ticks int
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil // USER_HZ is 100 on every Linux that Go knows
}

// resident is the memory in bytes.
func (p *process) resident() (int, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	return pages * os.Getpagesize(), err
}
