package rules

import (
	"strings"
	"unicode"
	"unicode/utf8"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func (b *Batch) chat(m *member, c *singoffv1.ChatMessage) *Refusal {
	if !m.seated() {
		return refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, "chat_message", "an observer has no voice")
	}
	if refusal := b.checkText(c.Text); refusal != nil {
		return refusal
	}
	said := &singoffv1.ChatMessage{Text: c.Text, ToMemberId: c.ToMemberId, Nickname: m.nickname}
	r := &Record{Event: m.author(&singoffv1.Event{Body: &singoffv1.Event_ChatMessage{ChatMessage: said}})}
	if c.ToMemberId != "" {
		to := b.state.byID[c.ToMemberId]
		switch {
		case to == nil || !to.seated():
			return refuse(singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "chat_message.to_member_id", "nobody seated here has that id")
		case to == m:
			return invalid("chat_message.to_member_id", "a whisper needs somebody else")
		}
		said.ToNickname = to.nickname
		r.Audience = []User{m.user, to.user}
	}
	b.emit(b.own(r))
	return nil
}

func (b *Batch) checkText(text string) *Refusal {
	const field = "chat_message.text"
	if strings.TrimSpace(text) == "" {
		return invalid(field, "the text is empty")
	}
	if n := utf8.RuneCountInString(text); n > b.cfg.ChatCharacters {
		return invalid(field, "the text has %d characters, more than %d", n, b.cfg.ChatCharacters)
	}
	for i, c := range text {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return invalid(field, "the text has a control character, U+%04X, at byte %d", c, i)
		}
	}
	return nil
}
