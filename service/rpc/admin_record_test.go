package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/flight"
	"github.com/singoff/singoff/service/rpc"
)

// recorder writes what a test says in small pieces, then fails.
type recorder struct {
	asked eventlog.Key
	data  []byte
	err   error
}

func (r *recorder) Record(_ context.Context, key eventlog.Key, to io.Writer) error {
	r.asked = key
	for piece := range slices.Chunk(r.data, 1000) {
		if _, err := to.Write(piece); err != nil {
			return err
		}
	}
	return r.err
}

// pieces is the stream of a RecordRoom.
type pieces struct {
	singoffv1.AdminService_RecordRoomServer
	ctx  context.Context
	got  [][]byte
	fail error // of the second piece
}

func (p *pieces) Context() context.Context     { return p.ctx }
func (p *pieces) SetTrailer(metadata.MD)       {}
func (p *pieces) SetHeader(metadata.MD) error  { return nil }
func (p *pieces) SendHeader(metadata.MD) error { return nil }

func (p *pieces) Send(m *singoffv1.RecordRoomResponse) error {
	if len(p.got) == 1 && p.fail != nil {
		return p.fail
	}
	p.got = append(p.got, bytes.Clone(m.GetData()))
	return nil
}

func TestRecordRoom(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789"), 30_000)
	broken := status.Error(codes.Canceled, "gone")
	for name, test := range map[string]struct {
		room     string
		recorder recorder
		fail     error
		want     codes.Code
		message  string
	}{
		"whole":       {"battle", recorder{data: data}, nil, codes.OK, ""},
		"never was":   {"battle", recorder{err: flight.ErrNoRoom}, nil, codes.NotFound, "room_id: "},
		"no id":       {"a b", recorder{data: data}, nil, codes.InvalidArgument, "room_id: "},
		"the log":     {"battle", recorder{data: data, err: errors.New("/var/secret")}, nil, codes.Unavailable, "no whole record"},
		"caller gone": {"battle", recorder{data: data}, broken, codes.Canceled, "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, log := newAdmin(t, rpc.AdminConfig{Recorder: &test.recorder})
			out := &pieces{ctx: t.Context(), fail: test.fail}
			err := a.RecordRoom(&singoffv1.RecordRoomRequest{RoomId: test.room}, out)
			if got := status.Convert(err); got.Code() != test.want || !strings.Contains(got.Message(), test.message) || strings.Contains(got.Message(), "secret") {
				t.Errorf("got %v, want %v with %q", err, test.want, test.message)
			}
			if !strings.Contains(log.String(), "operator: record") {
				t.Errorf("got the log %s, want a line about the act", log)
			}
			if test.want != codes.OK {
				return
			}
			if got := bytes.Join(out.got, nil); !bytes.Equal(got, data) || test.recorder.asked != (eventlog.Key{Namespace: "default", Room: "battle"}) {
				t.Errorf("got %d bytes of %v, want %d of default/battle", len(got), test.recorder.asked, len(data))
			}
			for _, piece := range out.got {
				if len(piece) > 64<<10 {
					t.Errorf("got a piece of %d bytes, want at most 64 KiB", len(piece))
				}
			}
		})
	}
}

func TestRecordRoomWithoutRecorder(t *testing.T) {
	t.Parallel()
	a, _ := newAdmin(t, rpc.AdminConfig{})
	if err := a.RecordRoom(&singoffv1.RecordRoomRequest{RoomId: "battle"}, &pieces{ctx: t.Context()}); status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v, want UNIMPLEMENTED", err)
	}
}
