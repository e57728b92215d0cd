package index_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/singoff/singoff/service/catalog/index"
)

const large = 50_000

// many makes a library of so many tracks, Korean and English ones, the same each time.
func many(n int) []index.Item {
	r := rand.New(rand.NewPCG(1, 2))
	syllables := func(n int) string {
		text := make([]rune, n)
		for i := range text {
			text[i] = 0xAC00 + rune(r.IntN(11172))
		}
		return string(text)
	}
	words := []string{"night", "love", "meteor", "train", "rain", "heart", "light", "dream", "blue", "summer"}
	items := make([]index.Item, n)
	for i := range items {
		title, artist := syllables(2+r.IntN(5))+" "+syllables(1+r.IntN(4)), syllables(2+r.IntN(3))
		if i%3 == 0 {
			title = fmt.Sprintf("%s %s %d", words[r.IntN(len(words))], words[r.IntN(len(words))], r.IntN(1000))
		}
		items[i] = index.Item{ID: fmt.Sprintf("id%014d", i), Folder: fmt.Sprintf("%d/%d", i%20, i%500), Title: title, Artist: artist, Keys: index.Prepare(title, artist)}
	}
	return items
}

// BenchmarkFind reports, beside the mean, the 99th percentile in milliseconds.
func BenchmarkFind(b *testing.B) {
	x := index.New(many(large))
	for name, q := range map[string]index.Query{
		"all":      {},
		"syllable": {Text: "가"},
		"initials": {Text: "ㅊㅁ"},
		"words":    {Text: "night 7"},
		"letters":  {Text: strings.Repeat("i g h t n ", 20)},
		"many":     {Text: letters(100)},
		"nothing":  {Text: "없는노래를찾는다"},
		"artist":   {Text: "love", Order: index.ByArtist},
		"folder":   {Text: "dream", Folder: "7"},
	} {
		q.Size = 50
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := x.Find(q); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// letters are so many words that all are in few titles, each in many.
func letters(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%c ", 0xAC00+28*i) // syllables without a final consonant
	}
	return b.String()
}

func BenchmarkNew(b *testing.B) {
	items := many(large)
	for b.Loop() {
		index.New(items)
	}
}

// BenchmarkWith is an index with one more track.
func BenchmarkWith(b *testing.B) {
	items := many(large + 1)
	x := index.New(items[:large])
	for b.Loop() {
		x.With(items)
	}
}

func BenchmarkPrepare(b *testing.B) {
	for b.Loop() {
		index.Prepare("금요일의 불빛 (Live)", "네온 골목")
	}
}
