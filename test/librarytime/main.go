// Command librarytime measures singoffd over a library of songs, such as ./test/library makes: how long the first scan takes, how soon after a
// restart somebody has joined and the songs are there, and how soon a song that is put into a folder can be found. The server is a process of
// its own; its processor time and the most memory it had are the kernel's figures. What it puts into the library it takes out again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
)

func main() {
	dir := flag.String("dir", "", "the library")
	server := flag.String("server", "bin/singoffd", "the server's program")
	data := flag.String("data", "", "the data folder of a server that has read the library: only a restart with it is measured")
	changes := flag.Int("changes", 5, "how many songs to put into the library")
	patience := flag.Duration("patience", 10*time.Minute, "how long all may take")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), *patience)
	err := run(ctx, *server, *dir, *data, *changes)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "librarytime:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program, library, data string, changes int) error {
	if library == "" {
		return errors.New("-dir is missing: make one with go run ./test/library -out DIR")
	}
	starts := []string{"restart"}
	if data == "" {
		made, err := os.MkdirTemp("", "librarytime")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(made) }()
		data, starts = made, []string{"first start", "restart"}
	}
	for _, what := range starts {
		s, err := start(ctx, program, library, data)
		if err != nil {
			return err
		}
		err = s.opens(ctx, what)
		if err == nil && what == "restart" {
			err = s.changes(ctx, library, changes)
		}
		if err := errors.Join(err, s.stop()); err != nil {
			return err
		}
	}
	return nil
}

// server is a singoffd of our own.
type server struct {
	process *exec.Cmd
	began   time.Time
	client  *singoff.Client
}

func start(ctx context.Context, program, library, data string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := &server{process: exec.CommandContext(ctx, program,
		"--songs", library, "--data-dir", data, "--grpc-addr", addr, "--http-addr", "127.0.0.1:0", "--admin-addr", "off", "--no-songs-loudness")}
	s.process.Stderr = os.Stderr
	if s.client, err = singoff.Dial(addr); err != nil {
		return nil, err
	}
	s.began = time.Now()
	return s, s.process.Start()
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (s *server) stop() error {
	return errors.Join(s.client.Close(), s.process.Process.Signal(syscall.SIGTERM), s.process.Wait())
}

// opens tells when somebody has joined, and when everything was read once.
func (s *server) opens(ctx context.Context, what string) error {
	room, err := s.join(ctx)
	if err != nil {
		return err
	}
	s.tell(what + ": joined")
	defer func() { _ = room.Close() }()
	if err := s.until(ctx, &singoffv1.ListTracksRequest{PageSize: 1}, func(r *singoffv1.ListTracksResponse) bool { return r.GetTotalSize() > 0 }); err != nil {
		return err
	}
	s.tell(what + ": songs can be found")
	if err := s.until(ctx, &singoffv1.ListTracksRequest{PageSize: 1}, func(r *singoffv1.ListTracksResponse) bool { return r.GetScan().GetComplete() }); err != nil {
		return err
	}
	s.tell(what + ": all is known")
	return nil
}

// join joins a room of its own, again and again until the port is open.
func (s *server) join(ctx context.Context) (*singoff.Room, error) {
	id := fmt.Sprint("r", s.began.UnixNano())
	for {
		room, err := s.client.Join(ctx, singoff.JoinOptions{RoomID: id, Nickname: "n"})
		if err == nil {
			return room, nil
		}
		if err := wait(ctx); err != nil {
			return nil, err
		}
	}
}

// until asks until the answer is so.
func (s *server) until(ctx context.Context, ask *singoffv1.ListTracksRequest, is func(*singoffv1.ListTracksResponse) bool) error {
	for {
		answer, err := s.client.ListTracks(ctx, ask)
		if err == nil && is(answer) {
			return nil
		}
		if err := wait(ctx); err != nil {
			return err
		}
	}
}

// wait is how long to wait between two questions.
func wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}

// changes puts songs into the library, into folders that were there and new ones by turns, and waits until each can be found.
func (s *server) changes(ctx context.Context, library string, n int) error {
	album, err := anAlbum(library)
	if err != nil {
		return err
	}
	var took []time.Duration
	cpu := s.cpu()
	for i := range n {
		title := fmt.Sprintf("just put here %d", i)
		dir := album
		if i%2 == 1 {
			dir = filepath.Join(library, title)
		}
		one, err := s.change(ctx, dir, title)
		if err != nil {
			return err
		}
		took = append(took, one)
	}
	slices.Sort(took)
	fmt.Printf("a new song is found: %v the fastest, %v median, %v the slowest of %d; %v of processor time each\n",
		took[0].Round(time.Millisecond), took[n/2].Round(time.Millisecond), took[n-1].Round(time.Millisecond), n, (s.cpu()-cpu)/time.Duration(n))
	return nil
}

// change puts a song into a folder, and takes it out when it was found.
func (s *server) change(ctx context.Context, dir, title string) (time.Duration, error) {
	_, err := os.Stat(dir)
	isNew := errors.Is(err, os.ErrNotExist)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	file := filepath.Join(dir, title+".mp3")
	began := time.Now()
	if err := os.WriteFile(file, audiotest.MP3(12), 0o644); err != nil {
		return 0, err
	}
	ask := &singoffv1.ListTracksRequest{Query: title, PageSize: 1}
	found := s.until(ctx, ask, func(r *singoffv1.ListTracksResponse) bool { return r.GetTotalSize() > 0 })
	took := time.Since(began)
	err = errors.Join(found, os.Remove(file))
	if isNew {
		err = errors.Join(err, os.Remove(dir))
	}
	if err != nil {
		return 0, err
	}
	return took, s.until(ctx, ask, func(r *singoffv1.ListTracksResponse) bool { return r.GetTotalSize() == 0 })
}

// anAlbum is a folder with songs in it.
func anAlbum(library string) (string, error) {
	songs, err := filepath.Glob(filepath.Join(library, "*", "*", "*.mp3"))
	if err != nil || len(songs) == 0 {
		return "", fmt.Errorf("%s: no songs two folders down: %w", library, err)
	}
	return filepath.Dir(songs[len(songs)/2]), nil
}

func (s *server) tell(what string) {
	fmt.Printf("%s after %v, %v of processor time, at most %s of memory\n", what, time.Since(s.began).Round(time.Millisecond), s.cpu(), s.memory())
}

// cpu is the processor time that the server has taken.
func (s *server) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0
	}
	_, behind, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(behind)
	user, _ := strconv.Atoi(fields[11]) // the kernel's numbers
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory is the most the server has had in memory.
func (s *server) memory() string {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(kb)
		}
	}
	return "?"
}
