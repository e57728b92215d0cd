package socket

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"google.golang.org/grpc/status"
)

// flagTrailers marks a frame of headers or trailers: lines of `key: value`. It ends its message: the wrapper's client reads nothing after it
// before the next message comes.
const flagTrailers = 0x80

// Trailers have small letters in gRPC-Web.
const (
	keyStatus  = "grpc-status"
	keyMessage = "grpc-message"
)

// joinHeaders is the response's headers of every Join, as a message.
var joinHeaders = frameOf(block(http.Header{"Content-Type": {"application/grpc+proto"}}))

// frameOf is a message in one websocket frame.
func frameOf(payload []byte) []byte { return ws.MustCompileFrame(ws.NewBinaryFrame(payload)) }

// block is a frame of headers, in the order of their keys.
func block(header http.Header) []byte {
	var buf bytes.Buffer
	buf.Write(make([]byte, frameHead))
	_ = header.Write(&buf) // a buffer takes everything
	putLength(buf.Bytes(), flagTrailers, buf.Len()-frameHead)
	return buf.Bytes()
}

// statusBlock is the trailers of a status.
func statusBlock(s *status.Status) []byte {
	header := http.Header{keyStatus: {fmt.Sprint(uint32(s.Code()))}}
	if s.Message() != "" {
		header[keyMessage] = []string{percentEncode(s.Message())}
	}
	return block(header)
}

// percentEncode makes a grpc-message of a text: what isn't printable ASCII, and the percent sign, as %XX of its UTF-8.
func percentEncode(text string) string {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	var b strings.Builder
	for _, c := range []byte(text) {
		if c >= ' ' && c <= '~' && c != '%' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
