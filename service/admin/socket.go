// Package admin is what the operator's own listener needs: where its socket is by default, in a directory that only its owner can enter; who
// is at the other end of a connection to it; and the token of one that others reach too.
// What the operator may do there is rpc.Admin's.
package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// runDir is where root's sockets are.
const runDir = "/run/singoff"

// DefaultSocket is the path of the socket of the server whose gRPC port is at the address: in the first directory that can be made of
// $XDG_RUNTIME_DIR/singoff, /run/singoff (root only), and singoff-UID below the directory for temporary files. The command-line client
// looks in the same places. The directory is made if it isn't there; one that others can write to isn't taken.
func DefaultSocket(grpc net.Addr) (path string, err error) {
	var errs []error
	for _, dir := range dirs() {
		if err := makePrivate(dir); err != nil {
			errs = append(errs, err)
			continue
		}
		return filepath.Join(dir, socketName(grpc)), nil
	}
	return "", errors.Join(errs...)
}

func dirs() (all []string) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		all = append(all, filepath.Join(dir, "singoff"))
	}
	if os.Getuid() == 0 {
		all = append(all, runDir)
	}
	return append(all, filepath.Join(os.TempDir(), "singoff-"+strconv.Itoa(os.Getuid())))
}

// socketName is `admin-7070.sock` for port 7070, and `admin-` with the first 8 hexadecimal digits of its path's SHA-256 for a socket.
func socketName(grpc net.Addr) string {
	if tcp, ok := grpc.(*net.TCPAddr); ok {
		return fmt.Sprintf("admin-%d.sock", tcp.Port)
	}
	path := grpc.String()
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	sum := sha256.Sum256([]byte(path))
	return "admin-" + hex.EncodeToString(sum[:4]) + ".sock"
}

// makePrivate makes a directory of our own, or says why the one that is there isn't. Its parent must be there.
func makePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err == nil || !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s isn't a directory", dir)
	case !ours(info):
		return fmt.Errorf("%s belongs to somebody else", dir)
	case info.Mode().Perm()&0o022 != 0 && os.Getuid() >= 0:
		return fmt.Errorf("%s can be written to by others", dir)
	}
	return nil
}
