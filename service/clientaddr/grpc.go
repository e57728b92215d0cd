package clientaddr

import (
	"context"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// GRPC is the address of a call's client, in the forms of Middleware; empty if the call has no peer. It is for calls of the gRPC port, and
// for those that came through Middleware too, which has settled them.
func (r *Resolver) GRPC(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	if !ok || p.Addr == nil {
		return ""
	}
	md, _ := metadata.FromIncomingContext(ctx)
	client, _ := r.resolve(p.Addr.String(), md.Get("x-forwarded-for"))
	return client
}
