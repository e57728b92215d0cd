package bucket

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// parse makes the URL of a plain path, and of a bucket's folder one with a prefix.
func parse(where string) (*url.URL, error) {
	if !strings.Contains(where, "://") {
		dir, err := filepath.Abs(where)
		return &url.URL{Scheme: "file", Path: dir}, err
	}
	u, err := url.Parse(where)
	if err != nil {
		return nil, errors.Unwrap(err) // the outer one repeats the URL, with what may be secret in it
	}
	if u.Scheme != "file" {
		return u, folderOf(u)
	}
	if u.Host != "" && u.Host != "." && u.Host != "localhost" {
		return nil, fmt.Errorf("%s: a file URL's folder stands behind three slashes: file:///%s%s", nameOf(u), u.Host, u.Path)
	}
	dir := u.Path
	if u.Host == "." || runtime.GOOS == "windows" {
		dir = strings.TrimPrefix(dir, "/")
	}
	dir, err = filepath.Abs(filepath.FromSlash(dir))
	return &url.URL{Scheme: "file", Path: dir}, err
}

// folderOf brings the folder that a URL names, by its path or by `prefix`, into the form that drivers take: `prefix=a/b/`. They leave out paths in silence, and
// a prefix without a slash is no folder to them.
func folderOf(u *url.URL) error {
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fmt.Errorf("%s: its parameters can't be read", nameOf(u)) // the error repeats them
	}
	folder, prefix := strings.Trim(u.Path, "/"), strings.TrimSuffix(q.Get("prefix"), "/")
	if folder != "" && prefix != "" {
		return fmt.Errorf("%s: it names a folder twice, by its path and by prefix", nameOf(u))
	}
	q.Del("prefix")
	if folder += prefix; folder != "" {
		q.Set("prefix", folder+"/")
	}
	u.Path, u.RawPath, u.RawQuery = "", "", q.Encode()
	return nil
}

// told are the parameters that tell buckets apart, and are part of their names.
var told = []string{"endpoint", "key", "prefix", "universe_domain"}

// harmless are the other parameters that hold nothing secret.
var harmless = []string{
	"accelerate", "anonymous", "awssdk", "disable_https", "dualstack", "fips", "grpc", "hostname_immutable", "profile", "rate_limiter_capacity", "region",
	"request_checksum_calculation", "response_checksum_validation", "s3ForcePathStyle", "ssetype", "use_path_style", "zonal",
}

// nameOf leaves out the parts of a URL that carry keys and passwords.
func nameOf(u *url.URL) string {
	if u.Scheme == "file" {
		return u.Path
	}
	q := url.Values{}
	for name, values := range u.Query() {
		if slices.Contains(told, name) && values[0] != "" {
			q.Set(name, withoutSecrets(name, values[0]))
		}
	}
	query, err := url.QueryUnescape(q.Encode()) // as people write it
	if err != nil {
		query = q.Encode()
	}
	name := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	if query != "" {
		name += "?" + query
	}
	return name
}

// withoutSecrets takes the user and the parameters from an endpoint.
func withoutSecrets(name, value string) string {
	if name != "endpoint" {
		return value
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		return "…"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// secretsOf are the parts of a bucket's URL that nobody should read in a log: users and passwords, its own and its endpoint's, and the values of
// parameters that nothing is known of.
func secretsOf(u *url.URL) (secrets []string) {
	add := func(user *url.Userinfo) {
		password, _ := user.Password()
		secrets = append(secrets, user.String(), password, user.Username())
	}
	add(u.User)
	for name, values := range u.Query() {
		switch {
		case name == "endpoint":
			for _, v := range values {
				if at, err := url.Parse(v); err == nil {
					add(at.User)
					for _, inner := range at.Query() {
						secrets = append(secrets, inner...)
					}
				}
			}
		case !slices.Contains(told, name) && !slices.Contains(harmless, name):
			secrets = append(secrets, values...)
			for _, v := range values {
				secrets = append(secrets, url.QueryEscape(v))
			}
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return slices.DeleteFunc(secrets, func(s string) bool { return s == "" })
}

// hushed is an error whose text was made free of secrets.
type hushed struct {
	text string
	err  error
}

func (h *hushed) Error() string { return h.text }
func (h *hushed) Unwrap() error { return h.err }

// hush leaves a URL, and what may be secret in it, out of what a driver says.
func hush(err error, secrets []string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, "…")
	}
	if text == err.Error() {
		return err
	}
	return &hushed{text: text, err: err}
}
