// Package names finds the member that a person means by what they typed: a nickname, the beginning of one, or a member id.
// Nicknames are compared like rooms compare them: whatever their case, width or Unicode form.
package names

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/clients/cli/harmless"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// What Find and Split answer, wrapped with a sentence that names who is there.
var (
	// ErrNobody: no name fits.
	ErrNobody = errors.New("there is nobody of that name")
	// ErrSeveral: more than one name begins like that.
	ErrSeveral = errors.New("several names begin like that")
)

// Fold is a nickname as it's compared.
func Fold(nickname string) string {
	folded := cases.Fold().String(norm.NFKC.String(strings.TrimSpace(nickname)))
	return norm.NFKC.String(folded)
}

// Find gives the member meant by text: the one of this nickname, else of this id, else the only one whose nickname begins
// like that.
func Find(members []*singoffv1.Member, text string) (*singoffv1.Member, error) {
	if m := exact(members, text); m != nil {
		return m, nil
	}
	var found []*singoffv1.Member
	if folded := Fold(text); folded != "" {
		for _, m := range members {
			if strings.HasPrefix(Fold(m.GetNickname()), folded) {
				found = append(found, m)
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("%w: %q; %s", ErrNobody, text, list("there is", members))
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%w: %q; %s", ErrSeveral, text, list("it could be", found))
}

func exact(members []*singoffv1.Member, text string) *singoffv1.Member {
	folded := Fold(text)
	for _, m := range members {
		if m.GetNickname() != "" && Fold(m.GetNickname()) == folded {
			return m
		}
	}
	for _, m := range members {
		if m.GetMemberId() == text {
			return m
		}
	}
	return nil
}

// Split finds the member at the beginning of a line and gives what follows. A nickname with spaces is recognised when it's
// written whole, or in double quotes.
func Split(members []*singoffv1.Member, line string) (m *singoffv1.Member, rest string, err error) {
	line = strings.TrimSpace(line)
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		if name, rest, ok := strings.Cut(quoted, `"`); ok {
			m, err := Find(members, name)
			return m, strings.TrimSpace(rest), err
		}
	}
	for end := len(line); end > 0; end = strings.LastIndexFunc(line[:end], unicode.IsSpace) {
		if m := exact(members, line[:end]); m != nil {
			return m, strings.TrimSpace(line[end:]), nil
		}
	}
	name, rest := line, ""
	if i := strings.IndexFunc(line, unicode.IsSpace); i >= 0 {
		name, rest = line[:i], strings.TrimSpace(line[i:])
	}
	m, err = Find(members, name)
	return m, rest, err
}

func list(what string, members []*singoffv1.Member) string {
	var nicknames []string
	for _, m := range members {
		if m.GetNickname() != "" {
			nicknames = append(nicknames, harmless.Text(m.GetNickname()))
		}
	}
	if len(nicknames) == 0 {
		return what + " nobody"
	}
	return what + " " + strings.Join(nicknames, ", ")
}
