package facts

import (
	"path"
	"strings"
)

// Stem is a key's last part without its extension.
func Stem(key string) string {
	base := path.Base(key)
	return strings.TrimSuffix(base, path.Ext(base))
}
