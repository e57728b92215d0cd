package slash_test

import (
	"slices"
	"testing"

	"github.com/singoff/singoff/clients/cli/slash"
)

func TestHints(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"":            nil,
		"vote":        nil,
		"//vote":      nil,
		"/vo":         {"vote"},
		"/P":          {"play", "pause", "pass"},
		"/un":         {"unban", "unlock"},
		"/pass":       {"pass"},
		"/vote mina ": {"vote"},
		"/vo mina":    nil,
		"/dance":      nil,
	} {
		var got []string
		for _, h := range slash.Hints(line) {
			got = append(got, h.Name)
			if h.Usage == "" || h.Help == "" || h.Usage[1:1+len(h.Name)] != h.Name {
				t.Errorf("Hints(%q): %+v doesn't say how it's used", line, h)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("Hints(%q) = %q, want %q", line, got, want)
		}
	}
	if all := slash.Hints("/"); len(all) < 15 || all[0].Name != "vote" {
		t.Errorf("Hints of a lone slash: got %v, want all commands", all)
	}
}
