package tui

import (
	"fmt"
	"strings"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// cheering is how long cheers are seen.
const cheering = 4 * time.Second

// cheer is what came in a moment.
type cheer struct {
	reaction *singoffv1.Reaction
	at       time.Time // local
}

// signs of cheers: one code point each, so that every terminal draws them two cells wide.
var signs = []struct {
	kind singoffv1.Reaction_Kind
	sign string
}{
	{singoffv1.Reaction_KIND_CLAP, "👏"},
	{singoffv1.Reaction_KIND_HEART, "💖"},
	{singoffv1.Reaction_KIND_FIRE, "🔥"},
	{singoffv1.Reaction_KIND_LAUGH, "😂"},
	{singoffv1.Reaction_KIND_WOW, "😮"},
	{singoffv1.Reaction_KIND_CRY, "😢"},
}

// cheered is what of a singer's cheers is still to be seen.
func (m *Model) cheered(singerID string) string {
	sums := map[singoffv1.Reaction_Kind]uint32{}
	for _, c := range m.cheers {
		if c.reaction.GetSingerMemberId() == singerID {
			sums[c.reaction.GetKind()] += c.reaction.GetCount()
		}
	}
	var parts []string
	for _, s := range signs {
		if n := sums[s.kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s%d", s.sign, n))
		}
	}
	return strings.Join(parts, " ")
}
