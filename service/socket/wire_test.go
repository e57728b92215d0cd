package socket_test

import (
	"testing"
)

func TestJoinAndItsEnd(t *testing.T) {
	t.Parallel()
	s := listen(t, echo)
	c := s.join(t)
	c.say(chat("하나"), chat("둘"))
	c.wantHeaders()
	c.wantSaid("하나")
	c.wantSaid("둘")
	c.endSending()
	c.wantEnd("grpc-status: 0\r\n")
	s.wantEnded(t, "served")
}
