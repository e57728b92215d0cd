package singoff

import (
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// sendLoop sends Hello, then Pings in time and for each sign of life, and whatever else there is to send. It ends with the connection, or when a send fails: then
// receiveLoop learns why.
func (c *connection) sendLoop(hello *singoffv1.JoinRequest) {
	ping := time.NewTimer(pingInterval)
	defer ping.Stop()
	welcomed, quick := c.welcomed, quickPings // quick pings so far
	for message := hello; ; message = c.room.toSend() {
		if message != nil && c.stream.Send(message) != nil {
			return
		}
		select {
		case <-ping.C:
			if !c.sendPing() {
				return
			}
			quick++
			ping.Reset(c.pingAfter(quick))
		case <-c.signs:
			if !c.sendPing() {
				return
			}
		case <-welcomed:
			welcomed, quick = nil, 0
			ping.Reset(0)
		case <-c.room.wake:
		case <-c.ctx.Done():
			return
		}
	}
}

// pingAfter is the time until the next Ping when so many quick ones were sent since the Welcome.
func (c *connection) pingAfter(quick int) time.Duration {
	if quick < leastQuickPings || quick < quickPings && !c.room.clock.good() {
		return quickPingInterval
	}
	return pingInterval
}

// sendPing keeps the promise of Hello and measures the clock.
func (c *connection) sendPing() bool {
	r := c.room
	r.mu.Lock()
	message := r.session.Once(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Ping{Ping: r.clock.ping()}})
	r.mu.Unlock()
	if message == nil {
		return true
	}
	c.pinged.Store(true)
	return c.stream.Send(message) == nil
}

// toSend is the next message, and makes sure that the one after it is asked for; nil: there is none.
func (r *Room) toSend() *singoffv1.JoinRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	var message *singoffv1.JoinRequest
	if len(r.once) > 0 {
		message = r.session.Once(r.once[0])
		r.once = r.once[1:]
	}
	if message == nil {
		message = r.session.Next()
	}
	if message != nil {
		r.wakeUp()
	}
	return message
}

// watchLoop waits for the end of the connection, and ends it if nothing is heard for too long though a Ping was sent. A process that was
// stopped, or got no processor, counts only the time in which it ran, so that it first reads what has come meanwhile.
func (c *connection) watchLoop() {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	var silence time.Duration
	heard, last := c.heard.Load(), time.Now()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		silence += min(now.Sub(last), 2*watchInterval)
		last = now
		if h := c.heard.Load(); h != heard || c.stalled.Load() || !c.wasWelcomed() {
			heard, silence = h, 0
		}
		if silence >= lostAfter && c.pinged.Load() {
			c.cancel(ErrConnectionLost)
			return
		}
	}
}
