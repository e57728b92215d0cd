package service_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
)

func dial(t *testing.T, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// socketPath is short enough for a socket.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "singoff") //nolint:usetesting // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "admin.sock")
}

// joined is somebody in a room.
type joined struct {
	singoffv1.RoomService_JoinClient
	id string
}

func joins(t *testing.T, addr, roomID, nickname string) *joined {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	stream, err := singoffv1.NewRoomServiceClient(dial(t, addr)).Join(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: &singoffv1.Hello{
		RoomId: roomID, Nickname: nickname, Client: "test 1", Role: singoffv1.Role_ROLE_SINGER,
	}}}); err != nil {
		t.Fatal(err)
	}
	j := &joined{RoomService_JoinClient: stream}
	j.id = j.awaits(t, func(e *singoffv1.Event) bool { return e.GetWelcome() != nil }).GetWelcome().GetSelf().GetMemberId()
	return j
}

// awaits gives the next event that is wanted.
func (j *joined) awaits(t *testing.T, wanted func(*singoffv1.Event) bool) *singoffv1.Event {
	t.Helper()
	for {
		resp, err := j.Recv()
		if err != nil {
			t.Fatalf("the stream ended: %v", err)
		}
		for _, e := range resp.GetEvents() {
			if wanted(e) {
				return e
			}
		}
	}
}

func TestOperatorActsOverASocket(t *testing.T) {
	t.Parallel()
	log := &lines{}
	cfg := config(log)
	path := socketPath(t)
	cfg.AdminAddr = "unix:" + path
	s := run(t, cfg)
	if got := s.Addrs().Admin; got != cfg.AdminAddr {
		t.Fatalf("got admin address %q, want %q", got, cfg.AdminAddr)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a socket of mode 0600", info, err)
	}
	mina, jun := joins(t, s.Addrs().GRPC, "friday", "미나"), joins(t, s.Addrs().GRPC, "friday", "Jun")
	operator := singoffv1.NewAdminServiceClient(dial(t, s.Addrs().Admin))

	list, err := operator.ListConnections(t.Context(), &singoffv1.ListConnectionsRequest{})
	if err != nil || list.GetTotalSize() != 2 {
		t.Fatalf("got %v, %v, want two connections", list, err)
	}
	first := list.GetConnections()[0]
	if first.GetNickname() != "미나" || first.GetMemberId() != mina.id || first.GetRoomId() != "friday" || first.GetNamespace() != "default" ||
		first.GetRole() != singoffv1.Role_ROLE_SINGER || !strings.HasPrefix(first.GetRemoteAddress(), "127.0.0.1:") ||
		!strings.Contains(first.GetUserAgent(), "grpc-go") || first.GetClient() != "test 1" || first.GetTransport() != "native" ||
		time.Since(first.GetSince().AsTime()) > time.Minute {
		t.Errorf("got %v", first)
	}

	said, err := operator.Announce(t.Context(), &singoffv1.AnnounceRequest{Text: "점검은 10분 뒤에", To: &singoffv1.AnnounceRequest_All{All: true}})
	if err != nil || said.GetRooms() != 1 || said.GetFailed() != 0 {
		t.Errorf("got %v, %v, want it said in one room", said, err)
	}
	if got := mina.awaits(t, func(e *singoffv1.Event) bool { return e.GetAnnouncement() != nil }); got.GetAnnouncement().GetText() != "점검은 10분 뒤에" {
		t.Errorf("got %v", got)
	}

	kicked, err := operator.KickMember(t.Context(), &singoffv1.KickMemberRequest{RoomId: "friday", MemberId: jun.id, KeepOut: durationpb.New(time.Hour)})
	if err != nil || kicked.GetMember().GetNickname() != "Jun" {
		t.Errorf("got %v, %v, want Jun kicked", kicked, err)
	}
	bye := jun.awaits(t, func(e *singoffv1.Event) bool { return e.GetGoaway() != nil }).GetGoaway()
	if bye.GetReason() != singoffv1.Goaway_REASON_ADMIN || !bye.GetFinal() || bye.GetRetryAfter().AsDuration() != time.Hour {
		t.Errorf("got %v, want ADMIN, final, with an hour to wait", bye)
	}
	if _, err := jun.Recv(); status.Code(err) != codes.Aborted {
		t.Errorf("got %v, want ABORTED", err)
	}

	closed, err := operator.CloseRoom(t.Context(), &singoffv1.CloseRoomRequest{RoomId: "friday"})
	if err != nil || closed.GetMembers() != 1 {
		t.Errorf("got %v, %v, want one gone", closed, err)
	}
	mina.awaits(t, func(e *singoffv1.Event) bool { return e.GetRoomClosed() != nil })
	mina.awaits(t, func(e *singoffv1.Event) bool { return e.GetGoaway().GetReason() == singoffv1.Goaway_REASON_ADMIN })
	if _, err := operator.CloseRoom(t.Context(), &singoffv1.CloseRoomRequest{RoomId: "nowhere"}); status.Code(err) != codes.NotFound {
		t.Errorf("got %v, want NOT_FOUND", err)
	}
	for _, want := range []string{
		fmt.Sprintf(`"who":"uid %d, pid %d"`, os.Getuid(), os.Getpid()), `"message":"operator: list connections"`, `"message":"operator: announce"`,
		`"message":"operator: kick"`, `"message":"operator: close"`, `"outcome":"done"`, `"outcome":"refused"`, `"keep_out":"1h0m0s"`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got %s\nwant %s in it", log, want)
		}
	}
}

func TestOperatorIsNotOnTheClientsPorts(t *testing.T) {
	t.Parallel()
	cfg := config(&lines{})
	cfg.AdminAddr = service.AdminOff
	s := run(t, cfg)
	if got := s.Addrs().Admin; got != "" {
		t.Errorf("got admin address %q, want none", got)
	}
	_, err := singoffv1.NewAdminServiceClient(dial(t, s.Addrs().GRPC)).ListConnections(t.Context(), &singoffv1.ListConnectionsRequest{})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v, want UNIMPLEMENTED", err)
	}
}

func TestOperatorNeedsATokenOverTCP(t *testing.T) {
	t.Parallel()
	const token = "an operator's token, not" // 24 characters, with spaces
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := config(&lines{})
	cfg.AdminAddr = "127.0.0.1:0"
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "needs a token file") {
		t.Errorf("got %v without a token file, want it refused", err)
	}
	cfg.AdminTokenFile = file
	write(token)
	if _, err := service.New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "without spaces") {
		t.Errorf("got %v with a token of several words, want it refused", err)
	}
	secret := strings.ReplaceAll(token, " ", "-")
	write(secret + "\n")
	s := run(t, cfg)
	conn := dial(t, s.Addrs().Admin)
	with := func(headers ...string) context.Context {
		return metadata.NewOutgoingContext(t.Context(), metadata.MD{"authorization": headers})
	}
	for name, test := range map[string]struct {
		ctx  context.Context
		want codes.Code
	}{
		"none": {with(), codes.Unauthenticated}, "another": {with("Bearer " + secret[1:]), codes.Unauthenticated},
		"two": {with("Bearer "+secret, "Bearer "+secret), codes.Unauthenticated}, "no scheme": {with(secret), codes.Unauthenticated},
		"the right one": {with("Bearer " + secret), codes.OK}, "in small letters": {with("bearer " + secret), codes.OK},
	} {
		if _, err := singoffv1.NewAdminServiceClient(conn).ListConnections(test.ctx, &singoffv1.ListConnectionsRequest{}); status.Code(err) != test.want {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
		if err := reflect(test.ctx, conn); status.Code(err) != test.want {
			t.Errorf("%s: got %v from reflection, want %v", name, err, test.want)
		}
	}
}

// reflect asks for the services there are, as grpcurl does; nil: AdminService is one of them.
func reflect(ctx context.Context, conn *grpc.ClientConn) error {
	stream, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(&reflectionv1.ServerReflectionRequest{
		MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{},
	}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	resp, err := stream.Recv()
	if err != nil {
		return err
	}
	for _, s := range resp.GetListServicesResponse().GetService() {
		if s.GetName() == singoffv1.AdminService_ServiceDesc.ServiceName {
			return stream.CloseSend()
		}
	}
	return fmt.Errorf("AdminService isn't among %v", resp)
}

// Two servers of one user have each their own default socket, which is gone when they are.
func TestDefaultSocketsOfTwoServers(t *testing.T) {
	runtime, err := os.MkdirTemp("", "singoff") //nolint:usetesting // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(runtime)
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	t.Run("run", func(t *testing.T) {
		one, two := run(t, config(&lines{})), run(t, config(&lines{}))
		for _, s := range []*service.Server{one, two} {
			port := s.Addrs().GRPC[strings.LastIndexByte(s.Addrs().GRPC, ':')+1:]
			if got, want := s.Addrs().Admin, "unix:"+filepath.Join(runtime, "singoff", "admin-"+port+".sock"); got != want {
				t.Errorf("got admin address %q, want %q", got, want)
			}
			if _, err := singoffv1.NewAdminServiceClient(dial(t, s.Addrs().Admin)).ListConnections(t.Context(), &singoffv1.ListConnectionsRequest{}); err != nil {
				t.Error(err)
			}
		}
	})
	if left, err := os.ReadDir(filepath.Join(runtime, "singoff")); err != nil || len(left) != 0 {
		t.Errorf("got %v, %v, want nothing left", left, err)
	}
}

func TestSocketThatCannotBeMade(t *testing.T) {
	long := filepath.Join(os.TempDir(), strings.Repeat("x", 120))
	if err := os.MkdirAll(long, 0o700); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(long)
	t.Setenv("XDG_RUNTIME_DIR", long) // longer than a socket's path may be
	log := &lines{}
	s := run(t, config(log))
	if s.Addrs().Admin != "" || !strings.Contains(log.String(), "no socket for the operator") {
		t.Errorf("got admin address %q and %s, want none and a warning", s.Addrs().Admin, log)
	}
	if err := rooms(t, s.Addrs().GRPC); err != nil {
		t.Errorf("got %v, want the server to serve all the same", err)
	}
	cfg := config(log)
	cfg.AdminAddr = "unix:/nowhere/admin.sock"
	if _, err := service.New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "admin address") {
		t.Errorf("got %v for a socket that was asked for, want an error", err)
	}
	cfg.AdminAddr = "7070"
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "neither auto, off, unix:PATH nor host:port") {
		t.Errorf("got %v, want the forms", err)
	}
}
