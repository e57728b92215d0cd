package names_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/singoff/singoff/clients/cli/names"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func members(nicknames ...string) (all []*singoffv1.Member) {
	for i, n := range nicknames {
		all = append(all, &singoffv1.Member{MemberId: "m" + string(rune('1'+i)), Nickname: n})
	}
	return all
}

var there = members("Mina", "Min Ah", "미나", "ㅋㅋ", "Juno", "junior", "m1", "")

func TestFind(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Mina":                     "m1",
		"mina":                     "m1",
		"ＭＩＮＡ":                     "m1",
		"Min Ah":                   "m2",
		"min a":                    "m2",
		"미나":                       "m3",
		"\u1106\u1175\u1102\u1161": "m3", // decomposed, as some systems type it
		"ㅋ":                        "m4",
		"Juno":                     "m5",
		"juni":                     "m6",
		"m1":                       "m7", // a nickname before an id
		"m2":                       "m2",
	} {
		got, err := names.Find(there, text)
		if err != nil || got.GetMemberId() != want {
			t.Errorf("Find(%q) = %v, %v; want %s", text, got.GetMemberId(), err, want)
		}
	}
	for text, want := range map[string]error{"min": names.ErrSeveral, "Jun": names.ErrSeveral, "Hana": names.ErrNobody, "": names.ErrNobody, " ": names.ErrNobody} {
		got, err := names.Find(there, text)
		if !errors.Is(err, want) {
			t.Errorf("Find(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	if _, err := names.Find(there, "jun"); err == nil || !strings.Contains(err.Error(), "Juno, junior") {
		t.Errorf("several: got %v, want both named", err)
	}
	if _, err := names.Find(members("a\x1b[2J"), "x"); err == nil || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("got %q, want the nickname made harmless", err)
	}
	if _, err := names.Find(nil, "x"); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("an empty room: got %v", err)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][2]string{
		"mina hello you":         {"m1", "hello you"},
		"  Mina   hello  you ":   {"m1", "hello  you"},
		"Min Ah hello":           {"m2", "hello"},
		`"min a" hello`:          {"m2", "hello"},
		`"min a"`:                {"m2", ""},
		"juni up":                {"m6", "up"},
		"미나":                     {"m3", ""},
		"미나　안녕":                  {"m3", "안녕"}, // an ideographic space
		"mina \"quoted\" speech": {"m1", `"quoted" speech`},
	} {
		m, rest, err := names.Split(there, line)
		if err != nil || m.GetMemberId() != want[0] || rest != want[1] {
			t.Errorf("Split(%q) = %s, %q, %v; want %s, %q", line, m.GetMemberId(), rest, err, want[0], want[1])
		}
	}
	for _, line := range []string{"", "hana x", "min x", `"hana" x`} {
		if m, _, err := names.Split(there, line); err == nil {
			t.Errorf("Split(%q) = %v, want an error", line, m)
		}
	}
}
