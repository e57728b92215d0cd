package singoff

import (
	"context"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/clients/go/session"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

const (
	// messageBytes is the largest JoinRequest before a Welcome has told the server's limit.
	messageBytes = 16 << 10
	// onceAtMost is how many cheers and signals may wait to be sent.
	onceAtMost = 64
)

// Do sends any command but a Hello; the SDK numbers it. Its answer is the event it made, or an Ack if it changed nothing.
// Cheers (Reaction), Signal and Ping are sent at most once and return nil at once, or ErrNotJoined or ErrBusy.
//
// While there is no connection it waits, also for a reconnect. Errors: *RejectedError refused; ErrInvalid too large or not valid UTF-8;
// ErrLeaving after Leave; ErrNotSent never sent (ctx ended before, the Room has ended); ErrUnknownOutcome and ErrOutcomeUnseen sent,
// see there. When ctx ends, its error is wrapped beside ErrNotSent (the command was withdrawn) or ErrUnknownOutcome.
func (r *Room) Do(ctx context.Context, command *singoffv1.JoinRequest) (*singoffv1.Event, error) {
	if err := r.check(command); err != nil {
		return nil, err
	}
	if !session.Numbered(command) {
		return nil, r.sendOnce(command)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	id, answer, err := r.queue(proto.CloneOf(command))
	if err != nil {
		return nil, err
	}
	r.wakeUp()
	select {
	case result := <-answer:
		return r.outcome(command, result)
	case <-ctx.Done():
	}
	return r.giveUp(ctx.Err(), command, id, answer)
}

// check refuses what the server would end the connection for, and what can't be put on the wire at all.
func (r *Room) check(command *singoffv1.JoinRequest) error {
	if command.GetCommand() == nil || command.GetHello() != nil {
		return invalid("command", "%T can't be sent; anything but a Hello can", command.GetCommand())
	}
	limit := messageBytes
	if told := r.Limits().GetMessageBytes(); told > 0 {
		limit = int(told)
	}
	whole := &singoffv1.JoinRequest{Number: math.MaxUint64, LastSeq: math.MaxUint64, Command: command.GetCommand()}
	encoded, err := proto.Marshal(whole)
	switch {
	case err != nil:
		return invalid("command", "can't be encoded: %v", err)
	case len(encoded) > limit:
		return invalid("command", "is up to %d bytes long when encoded, at most %d are allowed", len(encoded), limit)
	}
	return nil
}

func (r *Room) queue(command *singoffv1.JoinRequest) (session.CommandID, <-chan session.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id, err := r.session.Queue(command)
	switch {
	case errors.Is(err, session.ErrLeaving):
		return 0, nil, fmt.Errorf("%w: %w", ErrNotSent, ErrLeaving)
	case err != nil:
		return 0, nil, r.notSentLocked()
	}
	answer := make(chan session.Result, 1)
	r.waiters[id] = answer
	return id, answer, nil
}

// notSentLocked is ErrNotSent with why the Room has ended.
func (r *Room) notSentLocked() error {
	if r.err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, r.err)
	}
	return fmt.Errorf("%w: %w", ErrNotSent, ErrClosed)
}

// giveUp stops waiting for a command: one that was never sent is withdrawn.
func (r *Room) giveUp(why error, command *singoffv1.JoinRequest, id session.CommandID, answer <-chan session.Result) (*singoffv1.Event, error) {
	r.mu.Lock()
	_, waits := r.waiters[id]
	delete(r.waiters, id)
	withdrawn := waits && r.session.Withdraw(id)
	r.mu.Unlock()
	switch {
	case !waits:
		return r.outcome(command, <-answer)
	case withdrawn:
		return nil, fmt.Errorf("%w: %w", ErrNotSent, why)
	}
	return nil, fmt.Errorf("%w: %w", ErrUnknownOutcome, why)
}

// outcome puts a result in the application's words.
func (r *Room) outcome(command *singoffv1.JoinRequest, result session.Result) (*singoffv1.Event, error) {
	switch result.Outcome {
	case session.Done, session.Acked:
		if renew := command.GetRenew(); renew != nil {
			r.mu.Lock()
			r.session.Renew(renew.GetToken())
			r.mu.Unlock()
		}
		return result.Event, nil
	case session.Rejected:
		return nil, rejectedError(result.Event.GetRejected())
	case session.Unseen:
		return nil, ErrOutcomeUnseen
	case session.Unknown:
		return nil, ErrUnknownOutcome
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return nil, r.notSentLocked()
}

// sendOnce queues a message for this connection; if that ends first the message is dropped.
func (r *Room) sendOnce(command *singoffv1.JoinRequest) error {
	if err := r.check(command); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	phase := r.session.Phase()
	switch {
	case phase == session.Ended:
		return ErrClosed
	case phase != session.Joined && phase != session.Replaying:
		return ErrNotJoined
	case len(r.once) >= onceAtMost:
		return ErrBusy
	}
	r.once = append(r.once, proto.CloneOf(command))
	r.wakeUp()
	return nil
}
