package public_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/singoff/singoff/service/public"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	const own = "http://192.168.0.5:8080"
	for name, test := range map[string]struct {
		url, base string
		want      string
		origin    string
		wantBase  string
	}{
		"nothing said":        {"", "", own + "/", "", ""},
		"base path":           {"", "/battle", own + "/battle/", "", "/battle"},
		"base path, slash":    {"", "/a/b/", own + "/a/b/", "", "/a/b"},
		"the root":            {"", "/", own + "/", "", ""},
		"URL":                 {"https://sing.example", "", "https://sing.example/", "https://sing.example", ""},
		"URL with a path":     {"https://sing.example/battle", "", "https://sing.example/battle/", "https://sing.example", "/battle"},
		"URL with a slash":    {"https://sing.example:444/battle/", "", "https://sing.example:444/battle/", "https://sing.example:444", "/battle"},
		"path is taken away":  {"https://sing.example/battle", "/", "https://sing.example/battle/", "https://sing.example", ""},
		"path is another one": {"https://sing.example/battle", "/inner", "https://sing.example/battle/", "https://sing.example", "/inner"},
		"IPv6":                {"http://[2001:db8::1]:8080", "", "http://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := public.Parse(test.url, test.base)
			if err != nil {
				t.Fatal(err)
			}
			if p.URL(own) != test.want || p.Origin() != test.origin || p.BasePath() != test.wantBase {
				t.Errorf("got %q, origin %q, base %q, want %q, %q, %q", p.URL(own), p.Origin(), p.BasePath(), test.want, test.origin, test.wantBase)
			}
		})
	}
}

func TestNowhere(t *testing.T) {
	t.Parallel()
	p, err := public.Parse("", "/battle")
	if err != nil || p.URL("") != "" {
		t.Errorf("got %q, %v, want no URL of a server that nobody reaches", p.URL(""), err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []struct{ url, base string }{
		{"sing.example", ""}, {"ftp://sing.example", ""}, {"https://", ""}, {"https://:80", ""}, {"https://sing.example?a=b", ""},
		{"https://me:secret@sing.example", ""}, {"https://sing.example/#a", ""}, {"https://sing.example//a", ""}, {"https://sing.example/a b", ""},
		{"", "battle"}, {"", "//battle"}, {"", "/a/../b"}, {"", "/노래"}, {"", "/a?b"}, {"", "/a//"},
	} {
		_, err := public.Parse(bad.url, bad.base)
		if !errors.Is(err, public.ErrPlace) || !strings.Contains(err.Error(), `"`+bad.url+bad.base+`"`) {
			t.Errorf("%q %q: got %v, want ErrPlace naming it", bad.url, bad.base, err)
		}
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.EscapedPath()) })
	for name, test := range map[string]struct{ base, ask, want, location string }{
		"no base":              {"", "/songs/a", "/songs/a", ""},
		"below":                {"/battle", "/battle/songs/a", "/songs/a", ""},
		"the page":             {"/battle", "/battle/", "/", ""},
		"without":              {"/battle", "/songs/a", "/songs/a", ""},
		"without, the page":    {"/battle", "/", "/", ""},
		"without the slash":    {"/battle", "/battle?room=a", "", "/battle/?room=a"},
		"another's beginning":  {"/battle", "/battles/a", "/battles/a", ""},
		"twice":                {"/battle", "/battle/battle/a", "/battle/a", ""},
		"escaped":              {"/battle", "/battle/songs/a%2Fb", "/songs/a%2Fb", ""},
		"two steps":            {"/a/b", "/a/b/singoff.v1.RoomService/Watch", "/singoff.v1.RoomService/Watch", ""},
		"one of the two steps": {"/a/b", "/a/x", "/a/x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := public.Parse("", test.base)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			p.Handler(echo).ServeHTTP(w, httptest.NewRequest("GET", test.ask, nil))
			if w.Body.String() != test.want || w.Header().Get("Location") != test.location {
				t.Errorf("got %q, Location %q, want %q, %q", w.Body, w.Header().Get("Location"), test.want, test.location)
			}
		})
	}
}
