package main

// tail is how long a song rings on behind its last bar, in seconds.
const tail = 1.2

// band is a song while it is played.
type band struct {
	song
	dry, wet, pads, voice bus
	kicks                 []float64
}

// play makes the whole song.
func play(s song) (bus, error) {
	n := samples(s.seconds(s.bars()*stepsOfBar) + tail)
	b := &band{song: s, dry: newBus(n), wet: newBus(n), pads: newBus(n), voice: newBus(n)}
	for bar := range s.bars() {
		b.drums(bar)
		for _, part := range []func(int) error{b.low, b.stabs, b.broken, b.broad} {
			if err := part(bar); err != nil {
				return bus{}, err
			}
		}
	}
	for _, l := range s.lines {
		if err := b.sing(l); err != nil {
			return bus{}, err
		}
	}
	b.pads.duck(b.kicks, s.style.pump)
	b.dry.mixIn(b.pads, 1)
	b.dry.mixIn(b.voice, 1)
	beat := 60 / s.bpm
	b.dry.mixIn(b.voice.echo(beat*0.75, 0.35), 0.2)
	b.wet.mixIn(b.voice, 0.5)
	b.wet.mixIn(b.pads, 0.4)
	b.dry.mixIn(b.wet.room(0.82), 0.5)
	b.dry.master(0.82, tail+0.6)
	return b.dry, nil
}

// held is a sign of a pattern with the steps it lasts.
type held struct {
	sign        byte
	step, steps int
}

// pattern reads a bar's pattern.
func pattern(s string) []held {
	var out []held
	for i := range len(s) {
		switch {
		case s[i] == '.':
		case s[i] == '-' && len(out) > 0:
			out[len(out)-1].steps++
		default:
			out = append(out, held{sign: s[i], step: i, steps: 1})
		}
	}
	return out
}

func (b *band) drums(bar int) {
	hit := func(pattern string, sound tone, gain, place float64) (times []float64) {
		for i := range len(pattern) {
			if pattern[i] == '.' {
				continue
			}
			at, t := b.seconds(bar*stepsOfBar+i), sound
			if pattern[i] == 'o' {
				t = openHat
			}
			accent := 0.8 + 0.2*float64((i+1)%4%3)
			b.dry.add(t(note{at: at, length: 0.05, gain: accent}), at, gain, place)
			times = append(times, at)
		}
		return times
	}
	if b.playing("kick", bar) {
		b.kicks = append(b.kicks, hit(b.style.kick, kick, 0.75, 0)...)
	}
	if b.playing("snare", bar) {
		hit(b.style.snare, snare, 0.5, 0.05)
	}
	if b.playing("clap", bar) {
		hit(b.style.snare, clap, 0.45, -0.05)
	}
	if b.playing("hat", bar) {
		hit(b.style.hat, hat, 0.3, 0.3)
	}
	if b.playing("fill", bar) && bar+1 < b.bars() && !b.playing("fill", bar+1) {
		hit("..........x.xxxx", snare, 0.35, -0.1)
	}
}

func (b *band) low(bar int) error {
	if !b.playing("bass", bar) {
		return nil
	}
	for _, h := range pattern(b.style.bass) {
		step := bar*stepsOfBar + h.step
		c, err := b.chordAt(step)
		if err != nil {
			return err
		}
		key := c.bass + map[byte]int{'1': 0, '5': 7, '8': 12}[h.sign]
		at := b.seconds(step)
		b.dry.add(bass(note{at: at, length: b.seconds(step+h.steps) - at - 0.02, hertz: hertz(key), gain: 1}), at, 0.55, 0)
	}
	return nil
}

func (b *band) stabs(bar int) error {
	if !b.playing("keys", bar) {
		return nil
	}
	for _, h := range pattern(b.style.keys) {
		step := bar*stepsOfBar + h.step
		c, err := b.chordAt(step)
		if err != nil {
			return err
		}
		at := b.seconds(step)
		for i, key := range c.keys {
			n := note{at: at, length: b.seconds(step+h.steps) - at, hertz: hertz(key), gain: 1}
			sound, place := b.style.keysTone(n), -0.45+0.25*float64(i)
			b.dry.add(sound, at+0.006*float64(i), 0.2, place)
			b.wet.add(sound, at, 0.07, place)
		}
	}
	return nil
}

func (b *band) broken(bar int) error {
	if !b.playing("arp", bar) {
		return nil
	}
	for i := 0; i < stepsOfBar; i += 2 {
		step := bar*stepsOfBar + i
		c, err := b.chordAt(step)
		if err != nil {
			return err
		}
		turn := []int{0, 1, 2, 3, 2, 1}[i/2%6] % len(c.keys)
		at := b.seconds(step)
		n := note{at: at, length: b.seconds(step+2) - at, hertz: hertz(c.keys[turn] + 12*(i/8)), gain: 1}
		sound, place := b.style.arpTone(n), 0.6-0.15*float64(i%8)
		b.dry.add(sound, at, 0.15, place)
		b.wet.add(sound, at, 0.1, -place)
	}
	return nil
}

func (b *band) broad(bar int) error {
	if !b.playing("pad", bar) {
		return nil
	}
	for half := range 2 {
		step := bar*stepsOfBar + half*stepsOfBar/2
		c, err := b.chordAt(step)
		if err != nil {
			return err
		}
		at := b.seconds(step)
		for i, key := range c.keys {
			n := note{at: at, length: b.seconds(step+stepsOfBar/2) - at, hertz: hertz(key), gain: 1}
			b.pads.add(pad(n), at, 0.12, []float64{-0.8, 0.8, -0.4, 0.4}[i%4])
		}
	}
	return nil
}

func (b *band) sing(l line) error {
	notes, err := b.sung(l)
	if err != nil {
		return err
	}
	for _, n := range notes {
		n.length *= 0.94
		b.voice.add(sing(n), n.at, 0.5, 0)
	}
	return nil
}
