package e2e_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// watchHealth opens a Watch, which never ends by itself, and reads that the server serves.
func watchHealth(t *testing.T, d *daemon) healthv1.Health_WatchClient {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	watch, err := healthv1.NewHealthClient(dial(t, d.grpc)).Watch(ctx, &healthv1.HealthCheckRequest{Service: "singoff.v1.RoomService"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := watch.Recv(); err != nil || got.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Fatalf("got %v, %v, want SERVING", got, err)
	}
	return watch
}

func TestSIGTERMDrains(t *testing.T) {
	t.Parallel()
	d := start(t)
	watch := watchHealth(t, d)
	mina, jun := join(t, dial(t, d.grpc), singer("Mina")), join(t, dial(t, d.grpc), watcher("Jun"))
	d.signal(syscall.SIGTERM)
	for _, m := range []*member{mina, jun} {
		goaway := m.until("a Goaway", func(ev *singoffv1.Event) bool { return ev.GetGoaway() != nil }).GetGoaway()
		if goaway.GetReason() != singoffv1.Goaway_REASON_DRAINING || goaway.GetFinal() || goaway.GetRetryAfter().AsDuration() <= 0 {
			t.Errorf("got %v, want DRAINING, not final, with a time to come back", goaway)
		}
		if _, err := m.next(); status.Code(err) != codes.Unavailable {
			t.Errorf("got %v, want UNAVAILABLE", err)
		}
	}
	if got, err := watch.Recv(); err != nil || got.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("got %v, %v, want NOT_SERVING", got, err)
	}
	if state := d.wait(); state.ExitCode() != 0 {
		t.Errorf("got %v, want exit code 0", state)
	}
	d.await("drained")
	if warnings := append(d.log("warn"), d.log("error")...); len(warnings) != 0 {
		t.Errorf("got %v, want no warning", warnings)
	}
}

// While calls are still open that never end by themselves, a server that drains says so to whoever asks or comes.
func TestWhileDraining(t *testing.T) {
	t.Parallel()
	d := start(t)
	watchHealth(t, d)
	conn := dial(t, d.grpc)
	join(t, conn, singer("Mina"))
	d.signal(syscall.SIGTERM)
	d.await("draining")
	resp, err := http.Get("http://" + d.http + "/readyz")
	if err == nil {
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusServiceUnavailable || string(body) != "not ready: draining: the server shuts down\n" {
			t.Errorf("got %d %q, want 503 and the reason", resp.StatusCode, body)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := singoffv1.NewRoomServiceClient(conn).Join(ctx)
	if err == nil {
		err = stream.Send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: watcher("Jun")}})
	}
	for err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.Unavailable && !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want UNAVAILABLE", err)
	}
	if state := d.wait(); state.ExitCode() != 0 {
		t.Errorf("got %v, want exit code 0", state)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	d := start(t, "--drain-time", "10m")
	watchHealth(t, d) // keeps the server from ending for a second
	d.signal(syscall.SIGTERM)
	d.await("draining")
	d.signal(syscall.SIGTERM)
	if state := d.wait(); state.ExitCode() != 128+int(syscall.SIGTERM) {
		t.Errorf("got %v, want the process ended by the second signal", state)
	}
}

func TestSIGTERMWithADeafMemberEndsInTime(t *testing.T) {
	t.Parallel()
	d := start(t)
	mina := join(t, dial(t, d.grpc), singer("Mina"))
	deaf := join(t, dial(t, d.grpc), watcher("Deaf"))
	flood(mina, 100)
	d.signal(syscall.SIGTERM)
	began := time.Now()
	if state := d.wait(); state.ExitCode() != 0 {
		t.Errorf("got %v, want exit code 0", state)
	}
	t.Logf("ended after %v", time.Since(began))
	if warnings := d.log("warn"); len(warnings) != 0 {
		t.Errorf("got %v, want nobody cut by the drain time of 10s", warnings)
	}
	for {
		if _, err := deaf.next(); err != nil {
			break
		}
	}
}
