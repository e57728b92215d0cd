//go:build ignore

// Command stores runs a store of S3 (versitygw over a folder, which checks signatures and how long they are good) and a fake of Google Cloud
// Storage (fake-gcs-server in memory, which checks none) for the tests of buckets. It is built with tools/stores.mod, since what it needs must be
// no part of the service: `go build -modfile=tools/stores.mod test/buckets/stores.go`.
//
//	stores DIR HOST:PORT
//
// It listens on DIR/s3.sock and DIR/gs.sock, thinks that Google's is known as HOST:PORT, and ends with its standard input.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: stores DIR HOST:PORT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "stores:", err)
		os.Exit(1)
	}
}

// run ends when standard input does, or with the first store that fails.
func run(dir, public string) error {
	ended := make(chan error, 3)
	go func() { ended <- serveS3(dir) }()
	go func() { ended <- serveGS(dir, public) }()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	return <-ended
}

func serveS3(dir string) error {
	root, side := filepath.Join(dir, "s3"), filepath.Join(dir, "meta")
	if err := errors.Join(os.Mkdir(root, 0o755), os.Mkdir(side, 0o755)); err != nil {
		return err
	}
	about, err := meta.NewSideCar(side) // not every file system keeps attributes
	if err != nil {
		return err
	}
	files, err := posix.New(root, about, posix.PosixOpts{SideCarDir: side, Concurrency: 100})
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(context.Background(), files, &embedgw.Config{
		RootUserAccess: os.Getenv("AWS_ACCESS_KEY_ID"), RootUserSecret: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		Ports: []string{filepath.Join(dir, "s3.sock")}, MaxConnections: 1000, MaxRequests: 1000, MultipartMaxParts: 100, KeepAlive: true, Quiet: true,
	})
}

func serveGS(dir, public string) error {
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, Scheme: "http", ExternalURL: "http://" + public, PublicHost: public})
	if err != nil {
		return err
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "gs.sock"))
	if err != nil {
		return err
	}
	return http.Serve(listener, fake.HTTPHandler())
}
