package names

import "fmt"

// MaxIDBytes is the longest id of a namespace or a room, which match `[A-Za-z0-9_-]{1,64}`.
const MaxIDBytes = 64

// CheckID says what is wrong with an id, as a sentence without its subject; empty: nothing.
func CheckID(id string) string {
	if id == "" {
		return fmt.Sprintf("is missing; 1 to %d of A-Z a-z 0-9 _ -", MaxIDBytes)
	}
	if len(id) > MaxIDBytes {
		return fmt.Sprintf("has %d bytes, the limit is %d", len(id), MaxIDBytes)
	}
	for _, c := range id {
		if !isIDCharacter(c) {
			return fmt.Sprintf("has %q, which isn't one of A-Z a-z 0-9 _ -", c)
		}
	}
	return ""
}

func isIDCharacter(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
