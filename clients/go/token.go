package singoff

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// TokenSource gives a token of the same user that is good for a while. It may ask the application's own server; it must return when ctx ends.
type TokenSource func(ctx context.Context) (string, error)

const (
	// renewLead is how long before its end a token is renewed, if it is good for four times as long; else after three quarters of its time.
	renewLead = time.Minute
	// renewPause is the least between two tries to renew.
	renewPause = time.Second
)

// expiryOf reads when a token ends, unchecked: that is the server's. The zero time: it can't be read.
func expiryOf(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(data, &claims) != nil || claims.Expires <= 0 || claims.Expires > 1e12 {
		return time.Time{}
	}
	return time.UnixMilli(int64(claims.Expires * 1000))
}

// untilRenewal is how long to wait with the next try to renew a token that ends then.
func untilRenewal(left time.Duration) time.Duration {
	return max(left-min(renewLead, left/4), renewPause)
}

// signIn gets a token for the next Hello, unless the one there is will do.
func (c *connection) signIn() error {
	r := c.room
	if r.options.FreshToken == nil || !r.tokenStale() {
		return nil
	}
	token, err := r.options.FreshToken(c.ctx)
	if err != nil {
		return fmt.Errorf("singoff: no fresh token: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.session.Renew(token)
	r.tokenRefused = false
	return nil
}

// tokenStale says whether the next Hello needs another token: there is none, the server has called it expired, or it is about to end.
func (r *Room) tokenStale() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	token := r.session.Token()
	ends := expiryOf(token)
	return token == "" || r.tokenRefused || !ends.IsZero() && ends.Sub(r.clock.now()) < renewPause
}

// comesBackSignedIn says whether another try may follow a goodbye: after TOKEN_EXPIRED only with another token than that of the try before.
func (r *Room) comesBackSignedIn(c *connection, cause error) bool {
	goaway, ok := errors.AsType[*GoawayError](cause)
	if !ok || goaway.Reason != singoffv1.Goaway_REASON_TOKEN_EXPIRED {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokenRefused = r.session.Token() == c.token
	return !r.tokenRefused || r.options.FreshToken != nil
}

// renewLoop hands in a fresh token before the old one ends, so that the stream lives on. A try that fails is made again.
func (c *connection) renewLoop() {
	r := c.room
	select {
	case <-c.welcomed:
	case <-c.ctx.Done():
		return
	}
	ends := expiryOf(c.token)
	for !ends.IsZero() {
		if !c.wait(untilRenewal(ends.Sub(r.clock.now()))) {
			return
		}
		token, err := r.options.FreshToken(c.ctx)
		if err == nil {
			_, err = r.Renew(c.ctx, token)
		}
		if err != nil {
			r.logger.Warn().Err(err).Msg("the token couldn't be renewed")
			continue
		}
		ends = expiryOf(token)
	}
}

// wait says whether the connection has lived on for so long.
func (c *connection) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// callAs makes a call as a guest whose key it is, or as the Client's user without one.
func (c *Client) callAs(ctx context.Context, guestKey []byte, method string, request, answer proto.Message) error {
	if len(guestKey) == 0 {
		return c.call(ctx, method, request, answer)
	}
	return c.transport.Unary(transport.WithGuestKey(ctx, guestKey), method, request, answer)
}

// call makes a call that belongs to no Room, with a token if the Client has a source of them.
func (c *Client) call(ctx context.Context, method string, request, answer proto.Message) error {
	if c.config.freshToken != nil {
		token, err := c.config.freshToken(ctx)
		if err != nil {
			return fmt.Errorf("singoff: no fresh token: %w", err)
		}
		ctx = transport.WithToken(ctx, token)
	}
	return c.transport.Unary(ctx, method, request, answer)
}
