package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/admin"
	"github.com/singoff/singoff/service/flight"
	"github.com/singoff/singoff/service/forget"
	"github.com/singoff/singoff/service/rpc"
)

// What Config.AdminAddr may say beside an address.
const (
	// AdminAuto is a socket in the user's runtime directory, named after the gRPC port: see admin.DefaultSocket.
	AdminAuto = "auto"
	// AdminOff is no listener.
	AdminOff = "off"
)

// checkAdmin refuses what can't work of AdminAddr and AdminTokenFile.
func (c Config) checkAdmin() error {
	if c.AdminAddr == AdminAuto || c.AdminAddr == AdminOff {
		return nil
	}
	where, err := parseAddr(c.AdminAddr)
	switch {
	case err != nil:
		return fmt.Errorf("admin address: %q is neither %s, %s, unix:PATH nor host:port", c.AdminAddr, AdminAuto, AdminOff)
	case where.network != "unix" && c.AdminTokenFile == "":
		return fmt.Errorf("admin address: %s needs a token file, since others than you can reach it", c.AdminAddr)
	}
	return nil
}

// bindAdmin opens the operator's listener, after the gRPC port. A default socket that can't be had is a warning: the server does without.
func (s *Server) bindAdmin(ctx context.Context) error {
	lis, err := s.listenAdmin(ctx)
	switch {
	case err != nil && s.cfg.AdminAddr == AdminAuto:
		s.cfg.Logger.Warn().Err(err).Msg("no socket for the operator: choose one with --admin-addr unix:PATH, or --admin-addr off")
		return nil
	case err != nil:
		return fmt.Errorf("admin address: %w", err)
	case lis == nil:
		return nil
	}
	s.atClose(lis.Close)
	if s.admin, err = s.newAdmin(); err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	s.adminLis = lis
	s.atClose(func() error { s.admin.Stop(); return nil })
	return nil
}

// listenAdmin binds; a socket is for its owner alone. nil: there is to be no listener.
func (s *Server) listenAdmin(ctx context.Context) (net.Listener, error) {
	addr := s.cfg.AdminAddr
	switch addr {
	case AdminOff:
		return nil, nil
	case AdminAuto:
		path, err := admin.DefaultSocket(s.grpcLis.Addr())
		if err != nil {
			return nil, err
		}
		addr = "unix:" + path
	}
	lis, err := listen(ctx, addr)
	if err != nil {
		return nil, err
	}
	if lis.Addr().Network() == "unix" {
		if err := os.Chmod(lis.Addr().String(), 0o600); err != nil {
			return nil, errors.Join(err, lis.Close())
		}
	}
	if exposed(lis.Addr()) {
		s.cfg.Logger.Warn().Str("addr", show(lis.Addr())).
			Msg("the operator's listener can be reached from other machines, and isn't encrypted: put it behind TLS, or on a network of your own")
	}
	return lis, nil
}

// newAdmin makes the operator's server.
func (s *Server) newAdmin() (*grpc.Server, error) {
	service, err := rpc.NewAdmin(rpc.AdminConfig{
		Rooms: s.manager, Recorder: flight.NewRecorder(s.log, time.Now), Forgetter: forget.New(s.log, s.manager, s.cfg.Logger), Backup: backup(s.log),
		Logger: s.cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	unary := []grpc.UnaryServerInterceptor{rpc.RecoverUnary(s.cfg.Logger)}
	stream := []grpc.StreamServerInterceptor{rpc.RecoverStream(s.cfg.Logger)}
	if s.cfg.AdminTokenFile != "" {
		token, err := admin.ReadToken(s.cfg.AdminTokenFile)
		if err != nil {
			return nil, fmt.Errorf("token file: %w", err)
		}
		bearer := rpc.NewBearer(token, s.cfg.Logger)
		unary, stream = append(unary, bearer.Unary()), append(stream, bearer.Stream())
	}
	srv := grpc.NewServer(
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: clientKeepalive, PermitWithoutStream: true}),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.MaxRecvMsgSize(rpc.MaxReceiveBytes),
		grpc.WaitForHandlers(true),
		grpc.ChainUnaryInterceptor(unary...),
		grpc.ChainStreamInterceptor(stream...),
	)
	singoffv1.RegisterAdminServiceServer(srv, service)
	reflection.Register(srv)
	return srv, nil
}

// adminLoop serves the operator until it is stopped.
func (s *Server) adminLoop() error {
	if err := s.admin.Serve(admin.Named(s.adminLis)); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("admin listener: %w", err)
	}
	return nil
}
