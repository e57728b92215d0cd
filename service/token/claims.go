package token

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/names"
)

// rawClaims are claims that nobody has read before the signature was found good.
type rawClaims struct {
	jwt.MapClaims // for the library's interface; stays nil
	data          []byte
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *rawClaims) UnmarshalJSON(data []byte) error {
	c.data = append([]byte(nil), data...)
	return nil
}

// read takes the claims of a token whose signature is good.
func (v *Verifier) read(payload rawClaims, now time.Time) (Claims, error) {
	o, err := parseObject(payload.data)
	if twice, ok := errors.AsType[duplicateError](err); ok {
		return Claims{}, refuse(claimName(twice.name), "is there twice")
	}
	if err != nil {
		return Claims{}, refuse("", "has claims that aren't one JSON object in UTF-8")
	}
	var c Claims
	for _, step := range []func() *Error{
		func() *Error { return checkAudience(o, v.cfg.Audience) },
		func() *Error { return c.readWho(o) },
		func() *Error { return c.readWhere(o) },
		func() *Error { return checkNotBefore(o, now) },
		func() *Error { return c.readExpires(o, now) },
	} {
		if refused := step(); refused != nil {
			return Claims{}, refused
		}
	}
	return c, nil
}

// known are the claims that are named in messages; others are the token's own words.
var known = []string{"sub", "name", "namespace", "room", "role", "exp", "nbf", "aud"}

func claimName(name string) string {
	if slices.Contains(known, name) {
		return name
	}
	return "a claim"
}

func (c *Claims) readWho(o object) *Error {
	subject, there, err := o.text("sub")
	switch {
	case err != nil:
		return refuse("sub", "%v", err)
	case !there:
		return refuse("sub", "is missing: it says who the user is")
	case subject == "" || len(subject) > MaxSubjectBytes:
		return refuse("sub", "has %d bytes, 1 to %d are allowed", len(subject), MaxSubjectBytes)
	}
	name, _, err := o.text("name")
	switch {
	case err != nil:
		return refuse("name", "%v", err)
	case len(name) > MaxNameBytes:
		return refuse("name", "has %d bytes, at most %d are allowed", len(name), MaxNameBytes)
	}
	c.Subject, c.Name = subject, name
	return nil
}

func (c *Claims) readWhere(o object) *Error {
	for _, place := range []struct {
		claim string
		into  *string
	}{{"namespace", &c.Namespace}, {"room", &c.Room}} {
		id, there, err := o.text(place.claim)
		switch {
		case err != nil:
			return refuse(place.claim, "%v", err)
		case there && names.CheckID(id) != "":
			return refuse(place.claim, "isn't an id: 1 to 64 of A-Z a-z 0-9 _ -")
		}
		*place.into = id
	}
	role, there, err := o.text("role")
	switch {
	case err != nil:
		return refuse("role", "%v", err)
	case !there:
		return nil
	case roles[role] == singoffv1.Role_ROLE_UNSPECIFIED:
		return refuse("role", "is none of singer, watcher, observer")
	}
	c.Role = roles[role]
	return nil
}

var roles = map[string]singoffv1.Role{
	"singer":   singoffv1.Role_ROLE_SINGER,
	"watcher":  singoffv1.Role_ROLE_WATCHER,
	"observer": singoffv1.Role_ROLE_OBSERVER,
}

func (c *Claims) readExpires(o object, now time.Time) *Error {
	expires, there, err := o.moment("exp")
	switch {
	case err != nil:
		return refuse("exp", "%v", err)
	case !there:
		return refuse("exp", "is missing: a token must end")
	case !now.Before(expires):
		return &Error{Claim: "exp", Wrong: "has passed, " + ago(now.Sub(expires)), expired: true}
	case expires.Sub(now) > Horizon:
		return refuse("exp", "is more than %d days ahead (it counts seconds since 1970)", int(Horizon/(24*time.Hour)))
	}
	c.Expires = expires
	return nil
}

func ago(d time.Duration) string {
	if d < time.Second {
		return "just now"
	}
	return d.Truncate(time.Second).String() + " ago"
}

func checkNotBefore(o object, now time.Time) *Error {
	begins, there, err := o.moment("nbf")
	switch {
	case err != nil:
		return refuse("nbf", "%v", err)
	case there && begins.Sub(now) > Leeway:
		return refuse("nbf", "is more than %v ahead: the token isn't good yet", Leeway)
	}
	return nil
}

// moment reads a NumericDate: seconds since 1970, perhaps with a fraction.
func (o object) moment(claim string) (at time.Time, there bool, err error) {
	raw, there := o[claim]
	if !there {
		return time.Time{}, false, nil
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds < 0 || seconds > 1e12 {
		return time.Time{}, true, errors.New("isn't a number of seconds since 1970")
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true, nil
}

// checkAudience refuses a token that was made for others.
func checkAudience(o object, audience string) *Error {
	raw, there := o["aud"]
	if !there {
		return nil
	}
	var all []string
	if raw[0] == '"' {
		one, _, err := o.text("aud")
		if err != nil {
			return refuse("aud", "%v", err)
		}
		all = []string{one}
	} else if json.Unmarshal(raw, &all) != nil || all == nil {
		return refuse("aud", "isn't a string or a list of strings")
	}
	if !slices.Contains(all, audience) {
		return refuse("aud", "doesn't name %q: the token is for another service", audience)
	}
	return nil
}
