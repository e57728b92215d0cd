package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/clients/cli/harmless"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// adminCommand is the operator's hand.
type adminCommand struct {
	Admin          string `name:"admin" env:"SINGOFF_ADMIN" placeholder:"ADDRESS" help:"Where the server's operator acts: unix:PATH or HOST:PORT. Left out: the socket of the server at --server's port, on this machine ($$${env})."`
	AdminToken     string `name:"admin-token" env:"SINGOFF_ADMIN_TOKEN" placeholder:"TOKEN" help:"The operator's token, where the server needs one; better in $$${env}, or in a file."`
	AdminTokenFile string `name:"admin-token-file" type:"existingfile" placeholder:"FILE" help:"File with the token."`

	Connections connectionsCommand `cmd:"" help:"List who is connected, from where, how, and how far behind."`
	Kick        kickCommand        `cmd:"" help:"Remove somebody from a room."`
	Close       closeCommand       `cmd:"" help:"End a room and send everybody in it away."`
	Announce    announceCommand    `cmd:"" help:"Say something to a room, a namespace, or everybody."`
	Forget      forgetCommand      `cmd:"" help:"Blank what somebody wrote and was called, in every room."`
	Record      recordCommand      `cmd:"" help:"Write a room's flight record to a file, for singoff replay and verify."`
	Backup      backupCommand      `cmd:"" help:"Copy the whole log to a file, while the server runs."`
}

// adminHelp stands below the help of each of its commands.
const adminHelp = `The server lets its own user in over a socket on the same machine, and others with a token: see singoffd --admin-addr.`

// Help is what `singoff admin --help` adds.
func (adminCommand) Help() string {
	return adminHelp + `

  singoff admin connections
  singoff admin kick 'Friday battle' Mina --keep-out 10m
  singoff admin close 'Friday battle'
  singoff admin announce 'We stop at ten' --all
  singoff admin forget u:mina
  singoff admin record 'Friday battle' friday.flight
  singoff admin backup friday.db
  singoff admin connections --admin sing.example:7071 --admin-token-file operator.token`
}

// operator is a connection to AdminService.
type operator struct {
	singoffv1.AdminServiceClient
	conn   *grpc.ClientConn
	addr   string
	token  string
	server peer.Peer // of the newest call; without an address: none was reached
}

// adminError is an error of AdminService, or of not reaching it.
type adminError struct {
	*status.Status
	addr    string
	reached bool
}

func (e *adminError) Error() string { return e.Message() }

// explain says what went wrong and what to do, with the exit code.
func (e *adminError) explain() (told string, code int) {
	message := harmless.Text(e.Message())
	switch {
	case e.Code() == codes.Unauthenticated:
		return "the operator's token isn't accepted: give the right one with --admin-token-file FILE or SINGOFF_ADMIN_TOKEN", CodeKeptOut
	case e.Code() == codes.InvalidArgument:
		return message, CodeUsage
	case !e.reached:
		return fmt.Sprintf("no server's operator is reached at %s (%s)", harmless.Text(e.addr), message), CodeUnreachable
	case e.Code() == codes.NotFound:
		return message + "; singoff rooms and singoff admin connections show who is where", CodeFailed
	}
	return message, CodeFailed
}

// dial makes a connection; nothing is sent yet.
func (c *adminCommand) dial(g *globals) (*operator, error) {
	o := &operator{addr: c.Admin, token: c.AdminToken}
	if o.addr == "" {
		var err error
		if o.addr, err = findAdminSocket(g.Server); err != nil {
			return nil, err
		}
	}
	if c.AdminTokenFile != "" {
		text, err := os.ReadFile(c.AdminTokenFile)
		if err != nil {
			return nil, err
		}
		o.token = strings.TrimSpace(string(text))
	}
	secure, err := g.operatorSecurity(o.addr)
	if err != nil {
		return nil, err
	}
	o.conn, err = grpc.NewClient(o.addr, grpc.WithTransportCredentials(secure), grpc.WithUserAgent("singoff-cli "+g.cfg.Version),
		grpc.WithUnaryInterceptor(o.call), grpc.WithStreamInterceptor(o.stream))
	if err != nil {
		return nil, fmt.Errorf("%w: --admin: %w", errUsage, err)
	}
	o.AdminServiceClient = singoffv1.NewAdminServiceClient(o.conn)
	return o, nil
}

// operatorSecurity is how the connection to an operator's listener is protected.
func (s *server) operatorSecurity(addr string) (credentials.TransportCredentials, error) {
	switch {
	case s.CA != "" && s.Plaintext:
		return nil, errCAAndPlaintext
	case s.CA != "":
		secure, err := credentials.NewClientTLSFromFile(s.CA, "")
		if err != nil {
			return nil, fmt.Errorf("%w: --ca: %w", errUsage, err)
		}
		return secure, nil
	case s.Plaintext || onThisMachine(addr):
		return insecure.NewCredentials(), nil
	}
	return credentials.NewTLS(nil), nil
}

// call makes a call as the operator.
func (o *operator) call(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	ctx, opts = o.asOperator(ctx, opts)
	return invoke(ctx, method, req, reply, cc, opts...)
}

// stream opens a stream as the operator.
func (o *operator) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, opts = o.asOperator(ctx, opts)
	return open(ctx, desc, cc, method, opts...)
}

// asOperator shows the token, and has it noted whether the call gets to a server. How the connection stands afterwards doesn't tell that: gRPC
// says it late.
func (o *operator) asOperator(ctx context.Context, opts []grpc.CallOption) (context.Context, []grpc.CallOption) {
	o.server = peer.Peer{}
	if o.token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+o.token)
	}
	return ctx, append(opts, grpc.Peer(&o.server))
}

// Close closes the connection.
func (o *operator) Close() error { return o.conn.Close() }

// asking gives the context of one call, which ends by itself.
func (o *operator) asking(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 2*answerPatience) // the server waits for its log as long as that once
}

// failed wraps what a call came to.
func (o *operator) failed(err error) error {
	if err == nil || status.Code(err) == codes.Canceled {
		return err
	}
	return &adminError{Status: status.Convert(err), addr: o.addr, reached: o.server.Addr != nil}
}

// inRoom does something in the room that a person calls by its id or its title.
func inRoom(name string, do func(roomID string) error) error {
	id := singoff.RoomID(name)
	if !singoff.IsID(name) {
		return do(id)
	}
	err := do(name)
	if id != name && status.Code(err) == codes.NotFound && strings.HasPrefix(status.Convert(err).Message(), "room_id:") {
		return do(id)
	}
	return err
}
