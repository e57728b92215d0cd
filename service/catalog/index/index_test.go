package index_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/catalog/index"
)

// library makes an index of `folder/artist - title` texts.
func library(names ...string) (*index.Index, []index.Item) {
	items := make([]index.Item, len(names))
	for i, name := range names {
		folder := ""
		if at := strings.LastIndexByte(name, '/'); at >= 0 {
			folder, name = name[:at], name[at+1:]
		}
		artist, title, ok := strings.Cut(name, " - ")
		if !ok {
			artist, title = "", name
		}
		items[i] = index.Item{ID: fmt.Sprintf("id%014d", i), Folder: folder, Title: title, Artist: artist, Keys: index.Prepare(title, artist)}
	}
	return index.New(items), items
}

func titles(t *testing.T, x *index.Index, items []index.Item, q index.Query) string {
	t.Helper()
	if q.Size == 0 {
		q.Size = 1000
	}
	r, err := x.Find(q)
	if err != nil || r.Next != "" || r.Total != len(r.Items) {
		t.Fatalf("got %d of %d tracks, token %q, %v", len(r.Items), r.Total, r.Next, err)
	}
	var out []string
	for _, i := range r.Items {
		out = append(out, items[i].Title)
	}
	return strings.Join(out, "|")
}

func TestFind(t *testing.T) {
	t.Parallel()
	x, items := library("네온 골목 - 금요일의 불빛", "Ｗｉｄｅ Band - ＦＵＬＬ", "Beyoncé - Straße", "가수 - 강 2", "가수 - 강 10", "가수 - 각", "x - 100% ready",
		"창모 (CHANGMO) - METEOR", "밴드 - 밤 하늘", "가게", "ㅋㅋ 노래")
	tests := map[string]string{
		"불빛":                     "금요일의 불빛",
		norm.NFD.String("불빛"):    "금요일의 불빛",
		"  네온   골목 ":             "금요일의 불빛",
		"불빛 네온":                  "금요일의 불빛", // words in any order, in title and artist
		"불빛 강":                   "",
		"금요일의 부":                 "금요일의 불빛", // while the last syllable is being typed
		"full":                   "ＦＵＬＬ",
		"WIDE band":              "ＦＵＬＬ",
		"ｂｅｙｏｎｃé":                "Straße",
		"BEYONCE":                "Straße",
		"STRASSE":                "Straße",
		"teo":                    "METEOR",
		"강":                      "강 2|강 10",
		"각":                      "가게|각",       // 가게 is typed by way of 각
		"창ㅁ":                     "METEOR",     // as a keyboard shows it on the way
		"ㅊㅁ":                     "METEOR",     // 초성
		"\u110E\u1106":           "METEOR",     // conjoining ones
		"\uFFBA\uFFB1":           "METEOR",     // half-width ones
		"ㅂㅎㄴ":                    "밤 하늘",       // across a space
		"ㄱㅅ":                     "각|강 2|강 10", // 가수
		"ㄳ":                      "각|강 2|강 10", // the same two keys, joined by the keyboard
		"ㅊㅁ meteor":              "METEOR",
		"ㅋㅋ":                     "ㅋㅋ 노래",
		"0%":                     "100% ready",
		"nothing":                "",
		strings.Repeat("길", 200): "",
	}
	for query, want := range tests {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			if got := titles(t, x, items, index.Query{Text: query}); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// A question of a hundred words took a core for a third of a second with 50,000 tracks: of so many the first 16 are looked for, and each once.
func TestManyWords(t *testing.T) {
	t.Parallel()
	x, items := library("x - abcdefghijklmnop", "x - abc")
	for query, want := range map[string]string{
		"a b c d e f g h i j k l m n o p elsewhere":                      "abcdefghijklmnop",
		"a b c d e f g h i j k l m n o elsewhere p":                      "",
		strings.Repeat("a b ", 20) + "c":                                 "abc|abcdefghijklmnop",
		strings.Repeat("a b ", 20) + "c d e f g h i j k l m n o p q r s": "abcdefghijklmnop",
	} {
		if got := titles(t, x, items, index.Query{Text: query}); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	x, items := library("z - 나비", "z - 가을", "b - 강 10", "나 - 강 2", "가 - apple", "Banana", "c - Äpfel", "2 songs", "10 songs", "!", "a - 가을", "a - (가)")
	tests := map[index.Order]string{
		index.ByTitle:  "(가)|가을|가을|강 2|강 10|나비|Äpfel|apple|Banana|!|2 songs|10 songs",
		index.ByArtist: "apple|강 2|(가)|가을|강 10|Äpfel|가을|나비|Banana|!|2 songs|10 songs",
	}
	for order, want := range tests {
		if got := titles(t, x, items, index.Query{Order: order}); got != want {
			t.Errorf("order %d: got %q, want %q", order, got, want)
		}
	}
}

func TestRecency(t *testing.T) {
	t.Parallel()
	x, items := library("a", "b", "c", "d")
	now := time.Now()
	recent := []index.Played{{items[2].ID, now}, {"gone", now.Add(-time.Minute)}, {items[0].ID, now.Add(-time.Hour)}, {items[3].ID, now.Add(-time.Hour)}}
	if got, want := titles(t, x, items, index.Query{Order: index.ByRecency, Recent: recent}), "c|a|d"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var got []string
	q := index.Query{Order: index.ByRecency, Recent: recent, Size: 1}
	for {
		r, err := x.Find(q)
		if err != nil || r.Total != 3 {
			t.Fatalf("got %d in all, %v, want 3", r.Total, err)
		}
		for _, i := range r.Items {
			got = append(got, items[i].Title)
		}
		if q.Token = r.Next; r.Next == "" {
			break
		}
		if len(got) == 1 { // d is played between two pages: it stands before them now
			q.Recent = []index.Played{{items[3].ID, now.Add(time.Minute)}, recent[0], recent[2]}
		}
	}
	if strings.Join(got, "") != "ca" {
		t.Errorf("got %q page by page, want c and a", got)
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	x, items := library("록/1990년대/a", "록/1990년대/b", "록/2000년대/c", "록2/d", "Jazz/e", "f")
	tests := map[string]string{"": "a|b|c|d|e|f", "록": "a|b|c", "록/1990년대": "a|b", norm.NFD.String("록") + "/": "a|b|c", "nowhere": "", "록/1990": ""}
	for folder, want := range tests {
		if got := titles(t, x, items, index.Query{Folder: folder}); got != want {
			t.Errorf("%q: got %q, want %q", folder, got, want)
		}
	}
	want := map[string][]index.Folder{"": {{"록", 3}, {"록2", 1}, {"Jazz", 1}}, "록": {{"록/1990년대", 2}, {"록/2000년대", 1}}, "Jazz": nil}
	for parent, want := range want {
		if got := x.Folders(parent); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", parent, got, want)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 120 {
		names = append(names, fmt.Sprintf("가수 - 곡 %d", i%40), fmt.Sprintf("other %d - 노래", i%7))
	}
	x, _ := library(names...)
	for _, order := range []index.Order{index.ByTitle, index.ByArtist} {
		for _, text := range []string{"", "곡", "노래", "other"} {
			all, err := x.Find(index.Query{Text: text, Order: order, Size: 1000})
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{1, 7, 50, 119, 120, 500} {
				var got []int
				q := index.Query{Text: text, Order: order, Size: size}
				for {
					r, err := x.Find(q)
					if err != nil || r.Total != len(all.Items) {
						t.Fatalf("got %d in all, %v, want %d", r.Total, err, len(all.Items))
					}
					got = append(got, r.Items...)
					if q.Token = r.Next; r.Next == "" {
						break
					}
				}
				if !slices.Equal(got, all.Items) {
					t.Errorf("%q in pages of %d: got %d tracks, want the %d that one page has", text, size, len(got), len(all.Items))
				}
			}
		}
	}
}

// A page goes on where the one before ended, even if its last song was taken away and the server started anew in between.
func TestPagesWhileSongsComeAndGo(t *testing.T) {
	t.Parallel()
	before, _ := library("a", "b", "c", "d", "e")
	first, err := before.Find(index.Query{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	after, items := library("a", "a2", "b", "d", "d2", "e")
	r, err := after.Find(index.Query{Size: 10, Token: first.Next})
	if err != nil || r.Total != 6 || len(r.Items) != 3 || items[r.Items[0]].Title != "d" {
		t.Errorf("got %+v, %v, want d, d2, e of 6", r, err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	x, _ := library("f/가 1", "f/가 2", "나")
	first, err := x.Find(index.Query{Text: "가", Size: 1})
	if err != nil || first.Next == "" {
		t.Fatalf("got token %q, %v", first.Next, err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(first.Next)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Find(index.Query{Text: norm.NFD.String(" 가"), Size: 1, Token: first.Next}); err != nil {
		t.Errorf("got %v, want the token to serve the same query written otherwise", err)
	}
	bad := map[string]index.Query{
		"not base64":      {Text: "가", Token: "???"},
		"cut":             {Text: "가", Token: first.Next[:12]},
		"another version": {Text: "가", Token: base64.RawURLEncoding.EncodeToString(append([]byte{9}, raw[1:]...))},
		"endless":         {Text: "가", Token: strings.Repeat("A", 1<<20)},
		"zeros":           {Text: "가", Token: base64.RawURLEncoding.EncodeToString(make([]byte, 40))},
		"another query":   {Text: "나", Token: first.Next},
		"another order":   {Text: "가", Order: index.ByArtist, Token: first.Next},
		"another folder":  {Text: "가", Folder: "f", Token: first.Next},
	}
	for name, q := range bad {
		q.Size = 1
		if _, err := x.Find(q); !errors.Is(err, index.ErrToken) {
			t.Errorf("%s: got %v, want %v", name, err, index.ErrToken)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("가", "", "")
	f.Add("ㄳ ㅊㅁ", "AQAAAA", "a/b")
	x, _ := library("a/가수 - 강 2", "창모 - METEOR", "ㅋㅋ")
	f.Fuzz(func(t *testing.T, text, token, folder string) {
		r, err := x.Find(index.Query{Text: text, Token: token, Folder: folder, Size: 1})
		if err != nil && !errors.Is(err, index.ErrToken) {
			t.Errorf("got %v", err)
		}
		if r.Next == "" {
			return
		}
		if _, err := x.Find(index.Query{Text: text, Token: r.Next, Folder: folder, Size: 1}); err != nil {
			t.Errorf("got %v for the token of the page before", err)
		}
	})
}

// An index that is made out of another must be the one that is made anew, whatever came, went, moved or was renamed.
func TestWithIsNew(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	all := many(400)
	for i := range all { // several of one name
		if i%5 == 0 {
			all[i].Title, all[i].Artist, all[i].Keys = "같은 제목", "가수", index.Prepare("같은 제목", "가수")
		}
	}
	x := index.New(nil)
	for range 30 {
		items := make([]index.Item, 0, len(all))
		for _, i := range r.Perm(len(all))[:r.IntN(len(all))] {
			if r.IntN(50) == 0 {
				all[i].Title = fmt.Sprint(r.IntN(99))
				all[i].Keys = index.Prepare(all[i].Title, all[i].Artist)
			}
			if r.IntN(50) == 0 {
				all[i].Folder = "elsewhere"
			}
			items = append(items, all[i])
		}
		x = x.With(slices.Clone(items))
		anew := index.New(items)
		for _, q := range []index.Query{{}, {Order: index.ByArtist}, {Text: "a"}, {Text: "ㄱ"}, {Folder: "1"}} {
			q.Size = 1000
			got, err := x.Find(q)
			want, err2 := anew.Find(q)
			if !slices.Equal(got.Items, want.Items) || err != nil || err2 != nil {
				t.Fatalf("%+v: got %v, %v, want %v, %v", q, got.Items, err, want.Items, err2)
			}
		}
		if got, want := x.Folders(""), anew.Folders(""); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}
