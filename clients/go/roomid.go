package singoff

import (
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// IsID tells whether a text is an id of a namespace or a room: 1 to 64 of A-Z a-z 0-9 _ -.
func IsID(text string) bool { return idForm.MatchString(text) }

// RoomID is the id of a title in any script, the same in every client. The title is brought to NFC, trimmed of white space and
// lower-cased (Unicode's full mapping, as JavaScript's toLowerCase does: a final sigma is ς); if that isn't an id itself
// (`[A-Za-z0-9_-]{1,64}`), the id is `r-` and the first 10 characters of the lower-case base32 of its SHA-256.
func RoomID(title string) string {
	title = cases.Lower(language.Und).String(strings.TrimSpace(norm.NFC.String(title)))
	if IsID(title) {
		return title
	}
	sum := sha256.Sum256([]byte(title))
	return "r-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:10]
}
