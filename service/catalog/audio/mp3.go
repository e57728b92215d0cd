package audio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

const (
	// searchLimit is how far from its start a file's first frame may be: encoders and editors leave padding there.
	searchLimit = 64 << 10
	// firstLook and longLook are how much of a file without a header of its own is walked, frame by frame: a short piece if the
	// bit rate stays the same, which tells the rest; else more.
	firstLook = 512 << 10
	longLook  = 32 << 20
	// convincing is how many frames in a row make it MP3 rather than noise that looks like it once.
	convincing = 3
)

// mp3 counts frames: by the Xing or VBRI header if there is one, else by walking them.
func (f file) mp3() (time.Duration, error) {
	tail, err := f.trailingTags()
	if err != nil {
		return 0, err
	}
	f.size -= tail
	start, head, err := f.firstFrame()
	if err != nil {
		return 0, err
	}
	b, err := f.upTo(start, min(head.size, 512))
	if err != nil {
		return 0, err
	}
	count, ok := head.xing(b)
	if !ok {
		count, ok = vbri(b)
	}
	if !ok || count.frames == 0 {
		return f.from(start).walk()
	}
	if have := f.size - start; have < int64(count.bytes)/100*98 {
		return 0, fmt.Errorf("%w: it has %d of the %d bytes of audio that its header tells", ErrTruncated, have, count.bytes)
	}
	lies, err := f.from(start).contradicts(count)
	if err != nil {
		return 0, err
	}
	if lies {
		return f.from(start).walk()
	}
	samples := uint64(count.frames) * uint64(head.samples)
	if count.silence < samples {
		samples -= count.silence
	}
	return played(samples, uint64(head.rate)), nil
}

// frame is the header of an MPEG audio frame, layer III.
type frame struct {
	mpeg1   bool
	mono    bool
	rate    int // samples a second
	bitrate int // bits a second
	size    int // bytes, header included
	samples int
}

var (
	bitrates1 = [16]int{1: 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	bitrates2 = [16]int{1: 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
	rates     = [4]int{44100, 48000, 32000}
)

// parseFrame reads a frame's first four bytes.
func parseFrame(b []byte) (frame, bool) {
	if len(b) < 4 || b[0] != 0xFF || b[1]&0xE0 != 0xE0 {
		return frame{}, false
	}
	version, layer := b[1]>>3&3, b[1]>>1&3
	rate := rates[b[2]>>2&3]
	if version == 1 || layer != 1 || rate == 0 {
		return frame{}, false
	}
	h := frame{mpeg1: version == 3, mono: b[3]>>6 == 3, rate: rate, samples: 1152}
	switch version {
	case 3:
		h.bitrate = bitrates1[b[2]>>4] * 1000
	case 2:
		h.bitrate, h.rate, h.samples = bitrates2[b[2]>>4]*1000, rate/2, 576
	case 0: // MPEG 2.5
		h.bitrate, h.rate, h.samples = bitrates2[b[2]>>4]*1000, rate/4, 576
	}
	if h.bitrate == 0 { // free format, which no browser plays
		return frame{}, false
	}
	h.size = h.samples/8*h.bitrate/h.rate + int(b[2]>>1&1)
	return h, true
}

// follows says whether h can stand in one stream with the frame before it.
func (h frame) follows(before frame) bool {
	return h.mpeg1 == before.mpeg1 && h.rate == before.rate
}

// firstFrame finds the first of several frames in a row.
func (f file) firstFrame() (int64, frame, error) {
	b, err := f.upTo(0, searchLimit)
	if err != nil {
		return 0, frame{}, err
	}
	for i := 0; i+4 <= len(b); i++ {
		h, ok := parseFrame(b[i:])
		if !ok {
			continue
		}
		row, err := f.inARow(int64(i), h)
		if err != nil {
			return 0, frame{}, err
		}
		if row {
			return int64(i), h, nil
		}
	}
	return 0, frame{}, ErrNotAudio
}

func (f file) inARow(at int64, h frame) (bool, error) {
	for range convincing - 1 {
		at += int64(h.size)
		if at == f.size {
			return true, nil
		}
		b, err := f.upTo(at, 4)
		if err != nil {
			return false, err
		}
		next, ok := parseFrame(b)
		if !ok || !next.follows(h) {
			return false, nil
		}
		h = next
	}
	return true, nil
}

// sideInfo is the size of what stands between a frame's header and its data, in bytes.
func (h frame) sideInfo() int {
	switch {
	case h.mpeg1 && !h.mono:
		return 32
	case h.mpeg1 || !h.mono:
		return 17
	}
	return 9
}

// counted is what a header of a whole file says about it.
type counted struct {
	frames, bytes uint32
	silence       uint64 // samples that the encoder added before and after
}

// xing reads the header that LAME and others put into the first frame.
func (h frame) xing(b []byte) (counted, bool) {
	at := 4 + h.sideInfo()
	if !hasAt(b, at, "Xing") && !hasAt(b, at, "Info") || len(b) < at+8 {
		return counted{}, false
	}
	b = b[at:]
	flags, b := be32(b[4:]), b[8:]
	var c counted
	for _, part := range []struct {
		flag uint32
		size int
		into *uint32
	}{{1, 4, &c.frames}, {2, 4, &c.bytes}, {4, 100, nil}, {8, 4, nil}} {
		if flags&part.flag == 0 {
			continue
		}
		if len(b) < part.size {
			return counted{}, false
		}
		if part.into != nil {
			*part.into = be32(b)
		}
		b = b[part.size:]
	}
	if len(b) >= 24 && (hasAt(b, 0, "LAME") || hasAt(b, 0, "Lav")) {
		c.silence = uint64(b[21])<<4 + uint64(b[22])>>4 + uint64(b[22]&15)<<8 + uint64(b[23])
	}
	return c, true
}

// vbri reads the header that Fraunhofer's encoder puts into the first frame.
func vbri(b []byte) (counted, bool) {
	if len(b) < 36+18 || !hasAt(b, 36, "VBRI") {
		return counted{}, false
	}
	return counted{bytes: be32(b[46:]), frames: be32(b[50:])}, true
}

const (
	// probes is how many places of a file are compared with its header, and probe how much of each, in bytes.
	probes = 4
	probe  = 16 << 10
	// varies is how far frames' size may differ from what the header tells before all are counted: a quiet piece has smaller ones.
	varies = 0.3
)

// contradicts says whether the file is longer than the header tells, or the frames here and there are of another size than the header tells: files that were cut, put together or
// encoded again often keep a header of before.
func (f file) contradicts(count counted) (bool, error) {
	if count.bytes > 0 && f.size > int64(count.bytes)/100*102 {
		return true, nil
	}
	var frames, bytes int
	for i := range int64(probes) {
		b, err := f.upTo(f.size*(2*i+1)/(2*probes), probe)
		if err != nil {
			return false, err
		}
		n, size := row(b)
		frames, bytes = frames+n, bytes+size
	}
	if frames < probes*convincing {
		return false, nil
	}
	told, seen := float64(f.size)/float64(count.frames), float64(bytes)/float64(frames)
	return math.Abs(told-seen) > varies*seen, nil
}

// row counts the frames that follow one another from the first on that a second one follows.
func row(b []byte) (frames, bytes int) {
	for i := 0; i+4 <= len(b) && frames < convincing; i++ {
		frames, bytes = 0, 0
		at := i
		h, ok := parseFrame(b[at:])
		for ok {
			frames, bytes, at = frames+1, bytes+h.size, at+h.size
			if at+4 > len(b) {
				break
			}
			next, is := parseFrame(b[at:])
			if ok = is && next.follows(h); ok {
				h = next
			}
		}
	}
	return frames, bytes
}

// walk counts frames one by one, and concludes from them on what it doesn't look at.
func (f file) walk() (time.Duration, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(f.r, 0, f.size), 64<<10)
	var at int64
	var samples uint64
	var first frame
	limit, constant := int64(firstLook), true
	noise := 0 // bytes since the last frame
	for at < limit {
		b, err := r.Peek(4)
		if errors.Is(err, io.EOF) {
			at = f.size
			break
		}
		if err != nil {
			return 0, err
		}
		if noise > searchLimit { // the audio has ended
			return played(samples, uint64(first.rate)), nil
		}
		step := 1
		noise++
		if h, ok := parseFrame(b); ok && (samples == 0 || h.follows(first)) {
			if samples == 0 {
				first = h
			}
			if constant && h.bitrate != first.bitrate {
				limit, constant = longLook, false
			}
			samples += uint64(h.samples)
			step, noise = h.size, 0
		}
		n, err := r.Discard(step)
		at += int64(n)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
	}
	d := played(samples, uint64(first.rate))
	if rest := f.size - at; rest > 0 {
		d += time.Duration(float64(d) * float64(rest) / float64(at))
	}
	return d, nil
}
