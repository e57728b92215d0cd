package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// findAdminSocket gives the address of the operator's socket of the server whose gRPC port is known, where singoffd makes it by default:
// in $XDG_RUNTIME_DIR/singoff, /run/singoff, or singoff-UID below the directory for temporary files.
func findAdminSocket(server string) (addr string, err error) {
	name, err := adminSocketName(server)
	if err != nil {
		return "", err
	}
	var looked []string
	for _, dir := range adminDirs() {
		path := filepath.Join(dir, name)
		if info, err := os.Lstat(path); err == nil && info.Mode().Type() == os.ModeSocket {
			return "unix:" + path, nil
		}
		looked = append(looked, path)
	}
	return "", fmt.Errorf("%w: no server at %s has a socket for its operator here (looked for %s); "+
		"the server tells where it is, as admin_addr, when it starts: name it with --admin ADDRESS or SINGOFF_ADMIN", errNoOperator, server, strings.Join(looked, ", "))
}

// adminSocketName is `admin-7070.sock`, or for a socket `admin-` with the first 8 hexadecimal digits of its path's SHA-256.
func adminSocketName(server string) (string, error) {
	if path, ok := strings.CutPrefix(server, "unix:"); ok {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return "", err
		}
		sum := sha256.Sum256([]byte(absolute))
		return "admin-" + hex.EncodeToString(sum[:4]) + ".sock", nil
	}
	if isURL(server) {
		return "", fmt.Errorf("%w: --server %q is a URL, which doesn't tell where the operator's socket is: name that with --admin ADDRESS", errUsage, server)
	}
	target := server[strings.LastIndexByte(server, '/')+1:]
	_, port, err := net.SplitHostPort(target)
	if err != nil {
		return "", fmt.Errorf("%w: --server %q names no port, so --admin ADDRESS is needed", errUsage, server)
	}
	return "admin-" + port + ".sock", nil
}

func adminDirs() (dirs []string) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		dirs = append(dirs, filepath.Join(dir, "singoff"))
	}
	return append(dirs, "/run/singoff", filepath.Join(os.TempDir(), "singoff-"+strconv.Itoa(os.Getuid())))
}

// onThisMachine tells whether what is sent to an address stays here.
func onThisMachine(addr string) bool {
	if strings.HasPrefix(addr, "unix:") {
		return true
	}
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
