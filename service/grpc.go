package service

import (
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/rpc"
)

// What one HTTP/2 connection may take.
const (
	// A dead peer is seen after 1.5 + 6 s at most, and a process that is stopped for less than 6 s isn't taken for one, whenever that is.
	keepaliveTime    = 1500 * time.Millisecond
	keepaliveTimeout = 6 * time.Second
	// Clients may keep alive every 5 s, also without a stream.
	clientKeepalive = 5 * time.Second
	// handshakeTimeout is for a connection that doesn't speak HTTP/2.
	handshakeTimeout = 10 * time.Second
	// Static windows: no probing of the bandwidth, and no client makes the server hold more.
	streamWindow = 64 << 10
	connWindow   = 1 << 20
	// maxStreams is of one connection: rooms that one client is in, and its unary calls.
	maxStreams     = 128
	maxHeaderBytes = 16 << 10
)

// newGRPC makes the gRPC server with all its services.
func newGRPC(cfg Config, room singoffv1.RoomServiceServer, music singoffv1.MusicServiceServer, more ...grpc.ServerOption) (*grpc.Server, *health.Server) {
	srv := grpc.NewServer(append([]grpc.ServerOption{
		grpc.ForceServerCodecV2(rpc.Codec()),
		grpc.MaxRecvMsgSize(rpc.MaxReceiveBytes),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: clientKeepalive, PermitWithoutStream: true}),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.StaticStreamWindowSize(streamWindow),
		grpc.StaticConnWindowSize(connWindow),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.WaitForHandlers(true),
		grpc.UnaryInterceptor(rpc.RecoverUnary(cfg.Logger)),
		grpc.StreamInterceptor(rpc.RecoverStream(cfg.Logger)),
	}, more...)...)
	singoffv1.RegisterRoomServiceServer(srv, room)
	singoffv1.RegisterMusicServiceServer(srv, music)
	healthServer := health.NewServer()
	setHealth(healthServer, healthv1.HealthCheckResponse_SERVING)
	healthv1.RegisterHealthServer(srv, healthServer)
	reflection.Register(srv)
	return srv, healthServer
}

// from serves calls that something else than gRPC's own transport brings, and tells their handlers which.
func from(srv *grpc.Server, transport string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer := rpc.Peer{Addr: r.RemoteAddr, UserAgent: r.UserAgent(), Transport: transport}
		srv.ServeHTTP(w, r.WithContext(rpc.WithPeer(r.Context(), peer)))
	})
}
