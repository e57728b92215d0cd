//go:build unix

package admin

import (
	"io/fs"
	"os"
	"syscall"
)

// ours says whether a file belongs to who runs this process.
func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
