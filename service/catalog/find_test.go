package catalog_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/catalog"
)

// named makes files of one song under many names.
func named(names ...string) files {
	f := files{}
	for _, n := range names {
		f[n+".mp3"] = song[:3*417]
	}
	return f
}

func TestFind(t *testing.T) {
	t.Parallel()
	c := openFiles(t, named("네온 골목 - 금요일의 불빛", "Ｗｉｄｅ Band - ＦＵＬＬ", "Beyoncé - Straße", "가수 - 강 2", "가수 - 강 10", "가수 - 각", "x - 100% ready"))
	tests := map[string]string{
		"불빛":                     "금요일의 불빛",
		norm.NFD.String("불빛"):    "금요일의 불빛",
		"  네온   골목 ":             "금요일의 불빛",
		"금요일의 부":                 "금요일의 불빛", // while the last syllable is being typed
		"네온 골목 금":                "",
		"골목\n금":                  "",
		"full":                   "ＦＵＬＬ",
		"WIDE band":              "ＦＵＬＬ",
		"ｂｅｙｏｎｃé":                "Straße",
		"BEYONCE":                "Straße",
		"STRASSE":                "Straße",
		"가":                      "각|강 2|강 10",
		"강":                      "강 2|강 10",
		"0%":                     "100% ready",
		"%":                      "100% ready",
		"nothing":                "",
		strings.Repeat("길", 200): "",
	}
	for query, want := range tests {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, tr := range tracks(t, c, query) {
				got = append(got, tr.Title)
			}
			if strings.Join(got, "|") != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	c := openFiles(t, named("나비", "가을", "강 10", "강 2", "apple", "Banana", "Äpfel", "b/가을", "2 songs", "10 songs"))
	var got []string
	all := tracks(t, c, "")
	for _, tr := range all {
		got = append(got, tr.Title)
	}
	want := []string{"2 songs", "10 songs", "Äpfel", "apple", "Banana", "가을", "가을", "강 2", "강 10", "나비"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if all[5].ID >= all[6].ID {
		t.Errorf("got %s before %s, want equal titles by id", all[5].ID, all[6].ID)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 120 {
		names = append(names, fmt.Sprintf("가수 - 곡 %d", i%40), fmt.Sprintf("%d/other - 노래", i))
	}
	c := openFiles(t, named(names...))
	for _, query := range []string{"", "곡", "노래", "other"} {
		want := tracks(t, c, query)
		for _, size := range []int{0, 1, 7, 50, 119, 120, 500} {
			var got []catalog.Track
			page := catalog.Page{Size: size}
			for {
				found, next, total, err := c.Find(query, page)
				if err != nil || total != len(want) {
					t.Fatalf("got %d in all, %v, want %d", total, err, len(want))
				}
				got = append(got, found...)
				if page.Token = next; next == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q in pages of %d: got %d tracks, want the %d that one page has", query, size, len(got), len(want))
			}
		}
	}
}

// A page goes on where the one before ended, even if its last song was taken away and the server started anew in between.
func TestPagesWhileSongsComeAndGo(t *testing.T) {
	t.Parallel()
	before := openFiles(t, named("a", "b", "c", "d", "e"))
	_, next, _, err := before.Find("", catalog.Page{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	after := openFiles(t, named("a", "a2", "b", "d", "d2", "e"))
	found, _, total, err := after.Find("", catalog.Page{Token: next})
	if err != nil || total != 6 || len(found) != 3 || found[0].Title != "d" {
		t.Errorf("got %+v of %d, %v, want d, d2, e of 6", found, total, err)
	}
}

func TestPageTokens(t *testing.T) {
	t.Parallel()
	c := openFiles(t, named("가 1", "가 2", "나"))
	_, token, _, err := c.Find("가", catalog.Page{Size: 1})
	if err != nil || token == "" {
		t.Fatalf("got token %q, %v", token, err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := c.Find(norm.NFD.String(" 가"), catalog.Page{Token: token}); err != nil {
		t.Errorf("got %v, want the token to serve the same query written otherwise", err)
	}
	version := append([]byte{9}, raw[1:]...)
	for name, bad := range map[string]string{
		"not base64": "???", "padded": token + "==", "cut": token[:12], "space": " ", "another version": base64.RawURLEncoding.EncodeToString(version),
		"endless": strings.Repeat("A", 1<<20), "zeros": base64.RawURLEncoding.EncodeToString(make([]byte, 40)),
	} {
		if _, _, _, err := c.Find("가", catalog.Page{Token: bad}); !errors.Is(err, catalog.ErrPageToken) {
			t.Errorf("%s: got %v, want %v", name, err, catalog.ErrPageToken)
		}
	}
	if _, _, _, err := c.Find("나", catalog.Page{Token: token}); !errors.Is(err, catalog.ErrPageToken) {
		t.Errorf("got %v for another query's token, want %v", err, catalog.ErrPageToken)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("가", "")
	f.Add("", "AQAAAA")
	dir := f.TempDir()
	c, err := catalog.Open(f.Context(), catalog.Config{URLs: []string{dir}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = c.Close() })
	f.Fuzz(func(t *testing.T, query, token string) {
		if _, _, _, err := c.Find(query, catalog.Page{Token: token}); err != nil && !errors.Is(err, catalog.ErrPageToken) {
			t.Errorf("got %v", err)
		}
	})
}
