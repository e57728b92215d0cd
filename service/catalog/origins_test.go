package catalog_test

import (
	"testing"

	_ "gocloud.dev/blob/s3blob" // s3://

	"github.com/singoff/singoff/service/catalog"
)

// A page whose policy names its own host alone didn't play songs that it was sent to a bucket for.
func TestOrigins(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "user")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	for name, test := range map[string]struct {
		redirect bool
		want     string
	}{
		"sent elsewhere":       {true, "http://127.0.0.1:1"},
		"through this service": {false, ""},
	} {
		c, err := catalog.Open(t.Context(), catalog.Config{ // a bucket that doesn't answer
			URLs:     []string{folder(t, files{"a.mp3": song}), "s3://songs?region=us-east-1&endpoint=http://127.0.0.1:1&use_path_style=true"},
			Redirect: test.redirect,
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Origins(t.Context())
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err != nil || len(got) > 1 || (len(got) == 1) != (test.want != "") || len(got) == 1 && got[0] != test.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, test.want)
		}
	}
}
