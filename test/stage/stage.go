// Package stage puts up a server for a test, and leads to it by each way in.
package stage

import (
	"context"
	"testing"

	"github.com/rs/zerolog"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	"github.com/singoff/singoff/service"
)

// Ways are those into a room.
var Ways = []transport.Kind{transport.KindNative, transport.KindWebsocket, transport.KindFetch}

// Serve runs a server on free ports, without the operator's, until the test ends. Its log's warnings are the test's.
func Serve(t *testing.T, change ...func(*service.Config)) service.Addrs {
	t.Helper()
	cfg := service.DefaultConfig()
	cfg.GRPCAddr, cfg.HTTPAddr, cfg.AdminAddr = "127.0.0.1:0", "127.0.0.1:0", service.AdminOff
	cfg.Log = service.LogMemory
	cfg.Library.MeasureLoudness = false // it would take a tenth of a core's time for each server of a test
	cfg.Logger = zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	for _, f := range change {
		f(&cfg)
	}
	server, err := service.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return server.Addrs()
}

// Target is the port that a way leads to.
func Target(addrs service.Addrs, way transport.Kind) string {
	if way == transport.KindNative {
		return addrs.GRPC
	}
	return addrs.HTTP
}

// Dial makes a client that goes to host:port by a way.
func Dial(addr string, way transport.Kind, options ...singoff.Option) (*singoff.Client, error) {
	if way != transport.KindNative {
		addr = "http://" + addr
	}
	return singoff.Dial(addr, append(options, singoff.WithTransport(way))...)
}

// Carry makes a bare transport to host:port by a way, which does nothing by itself.
func Carry(addr string, way transport.Kind) (transport.Transport, error) {
	if way != transport.KindNative {
		addr = "http://" + addr
	}
	return singoff.OpenTransport(addr, singoff.WithTransport(way))
}
