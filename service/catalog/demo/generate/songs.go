package main

import "strings"

// songs are the demo songs. Each is a minute: bars × 4 beats ÷ tempo.
var songs = []song{fridayLights, paperBoats, aboveTheHeart, secondEncore}

const album = "First Stage"

func times(n int, bars ...string) []string {
	var out []string
	for range n {
		out = append(out, bars...)
	}
	return out
}

func join(parts ...[]string) []string {
	var out []string
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// fridayLights is city pop: a bright band after work.
var fridayLights = song{
	file: "네온 골목 - 금요일의 불빛", title: "금요일의 불빛", artist: "네온 골목", album: album, bpm: 112,
	chords: join(
		times(1, "Gmaj7", "A7", "F#m7", "Bm7"),
		times(2, "Gmaj7", "A7", "F#m7", "Bm7"),
		[]string{"Gmaj7", "A7", "F#m7", "Bm7", "Em7", "A7", "Dmaj7", "D7"},
		[]string{"Gmaj7", "F#m7", "Em7", "A7"},
		[]string{"Gmaj7", "A7", "Em7 A7", "Dmaj7"},
	),
	sections: []section{
		{3, "keys hat pad"}, {1, "keys hat pad fill"},
		{7, "kick snare hat bass keys lead"}, {1, "kick snare hat bass keys fill"},
		{8, "kick clap snare hat bass keys arp pad"},
		{3, "kick hat bass keys arp pad"}, {1, "kick hat bass keys pad fill"},
		{3, "kick clap snare hat bass keys arp pad"}, {1, "keys pad bass"},
	},
	lines: []line{
		{4, "F#4:2 F#4:2 A4:3 A4:1 B4:2 A4:4 F#4:2 E4:2 F#4:2 E4:6 r:6", "퇴근길 버스 창에 기대어"},
		{6, "F#4:2 F#4:2 A4:3 A4:1 B4:2 D5:4 C#5:2 A4:2 B4:2 A4:6 r:6", "이어폰 속에 숨은 네 노래"},
		{8, "B4:2 B4:2 B4:3 A4:1 B4:2 D5:4 C#5:2 B4:2 A4:8 r:6", "골목 끝 작은 간판 하나"},
		{10, "A4:2 A4:2 A4:3 B4:1 A4:2 F#4:4 E4:2 F#4:2 B4:10 r:4", "오늘은 우리 무대가 돼"},
		{12, "D5:3 D5:3 C#5:2 D5:4 B4:4 r:2 A4:2 B4:2 C#5:8 r:2", "금요일의 불빛 아래"},
		{14, "E5:3 E5:3 D5:2 C#5:4 A4:6 C#5:2 D5:8 r:4", "목소리를 겨뤄 봐"},
		{16, "G4:2 B4:2 D5:3 B4:3 r:2 D5:2 C#5:2 D5:2 F#5:4 E5:6 r:4", "져도 좋아 이 밤이니까"},
		{18, "F#5:3 E5:3 D5:2 E5:4 D5:4 B4:4 D5:10 r:2", "한 곡만 더 불러 줘"},
		{24, "D5:3 D5:3 C#5:2 D5:4 B4:4 r:2 A4:2 B4:2 C#5:8 r:2", "금요일의 불빛 아래"},
		{26, "G5:3 F#5:3 E5:2 G5:4 E5:4 C#5:4 D5:12", "한 곡만 더 불러 줘"},
	},
	style: style{
		kick: "x.....x.x.......", snare: "....x.......x...", hat: "x.x.x.x.x.x.x.o.",
		bass: "1--1..8-1.1-5-8-", keys: "x--x..x---.x..x-",
		keysTone: electricPiano, arpTone: pluck, pump: 0.25,
	},
	paint: neonAlley,
}

// paperBoats is a ballad at a piano.
var paperBoats = song{
	file: "Lantern Row - Paper Boats", title: "Paper Boats", artist: "Lantern Row", album: album, bpm: 72,
	chords: []string{
		"G", "C/G", "G", "D/F#", "Em", "C", "G", "Bm", "C", "D",
		"Em", "C", "G", "D", "C D", "G", "Cm", "G",
	},
	sections: []section{
		{2, "arp"}, {4, "arp bass"}, {4, "arp bass pad"},
		{6, "arp bass pad keys kick snare hat"}, {2, "arp pad"},
	},
	lines: []line{
		{2, "D4:4 G4:4 B4:6 A4:2 A4:3 B4:1 A4:2 F#4:6 r:4", "Pa-per boats on the ri-ver wide"},
		{4, "G4:4 E4:4 G4:6 A4:2 B4:4 A4:2 G4:6 r:4", "Car-ry what we ne-ver said"},
		{6, "D4:4 G4:4 B4:6 D5:2 B4:3 D5:1 B4:2 F#4:6 r:4", "Can-dle light on the oth-er side"},
		{8, "E4:4 G4:4 C5:6 B4:2 A4:4 B4:2 A4:6 r:4", "Shows the way we left be-hind"},
		{10, "E5:6 D5:2 B4:4 D5:4 E5:4 D5:2 C5:6 r:4", "Sing it soft and let it go"},
		{12, "D5:6 B4:2 G4:4 B4:4 A4:4 B4:2 A4:6 r:4", "Ev-ery wave will bring it home"},
		{14, "E5:6 D5:2 C5:4 A4:4 B4:3 A4:1 A4:2 G4:8 r:2", "Sing it soft, I al-read-y know"},
	},
	style: style{
		kick: "x.........x.....", snare: "........x.......", hat: "x...x...x...x.x.",
		bass: "1-------1-----5-", keys: "x-------x-------",
		keysTone: piano, arpTone: piano,
	},
	paint: moonOverWater,
}

// aboveTheHeart is dance music: four beats on the floor.
var aboveTheHeart = song{
	file: "하이 볼티지 - 심장 위로", title: "심장 위로", artist: "하이 볼티지", album: album, bpm: 128,
	chords: join(times(3, "Am", "F", "C", "G"), []string{"F", "G", "Am", "G"}, times(4, "Am", "F", "C", "G")),
	sections: []section{
		{4, "kick arp"}, {4, "kick hat bass arp"}, {4, "kick clap hat bass arp"},
		{3, "pad arp clap"}, {1, "pad fill"},
		{8, "kick clap hat bass keys arp pad"}, {4, "kick clap hat bass keys pad"}, {4, "kick arp pad"},
	},
	lines: []line{
		{4, "A4:2 A4:2 C5:4 A4:2 G4:6 A4:4 C5:2 A4:6 r:4", "조명이 나를 부르면"},
		{6, "G4:2 G4:2 C5:4 G4:2 E4:6 D4:4 E4:2 G4:6 r:4", "망설임은 뒤에 두고"},
		{8, "A4:2 A4:2 C5:4 D5:2 E5:6 D5:4 C5:2 A4:6 r:4", "마이크를 꼭 쥔 채로"},
		{10, "G4:2 C5:2 D5:4 E5:8 D5:4 C5:2 D5:6 r:4", "한 걸음 더 올라가"},
		{12, "A4:2 C5:2 A4:2 C5:2 E5:4 D5:4 D5:12 r:4", "Lou-der, lou-der, here we go"},
		{14, "A4:2 C5:2 E5:4 A4:2 C5:2 E5:4 r:16", "손을 들어 지금"},
		{16, "E5:3 E5:3 D5:2 E5:4 A4:4 C5:3 D5:3 C5:6 r:4", "심장 위로 뛰어올라"},
		{18, "E5:3 E5:3 D5:2 G5:4 E5:4 D5:6 D5:6 r:4", "세상이 다 울리게"},
		{20, "E5:3 E5:3 D5:2 E5:4 A5:4 A5:3 G5:3 F5:6 r:4", "심장 위로 소리쳐 봐"},
		{22, "G5:4 E5:2 G5:4 E5:2 D5:4 B4:4 D5:8 r:4", "Beat by beat, we're nev-er done"},
		{28, "E5:3 E5:3 D5:2 A4:8", "심장 위로"},
	},
	style: style{
		kick: "x...x...x...x...", snare: "....x.......x...", hat: "..o...o...o...o.",
		bass: "..1-..1-..1-..8-", keys: "x--x--x---x--x--",
		keysTone: pluck, arpTone: pluck, pump: 0.75,
	},
	paint: pulse,
}

// secondEncore is slow and swung, past midnight.
var secondEncore = song{
	file: "The Last Train - Second Encore", title: "Second Encore", artist: "The Last Train", album: album, bpm: 96,
	chords: join(times(1, "Dm9", "G13"), times(5, "Dm9", "G13", "Cmaj7", "Am7"), []string{"Dm9", "G13"}),
	sections: []section{
		{2, "keys"}, {7, "kick snare hat bass keys"}, {1, "kick bass keys fill"},
		{8, "kick snare hat bass keys pad"}, {2, "keys hat pad"}, {3, "kick snare hat bass keys pad"}, {1, "keys pad"},
	},
	lines: []line{
		{2, "r:2 D4:2 F4:2 G4:2 A4:4 G4:4 F4:4 D4:6 r:6", "Mid-night and the crowd won't leave"},
		{4, "r:2 E4:2 G4:2 A4:2 C5:4 A4:4 G4:4 E4:6 r:6", "Some-one calls our names a-gain"},
		{6, "r:2 F4:2 A4:2 C5:2 D5:4 C5:4 B4:4 G4:6 r:6", "불 꺼진 무대 위에"},
		{8, "r:2 E4:2 G4:2 C5:2 B4:4 G4:4 A4:4 A4:6 r:6", "One more song, then one more friend"},
		{10, "D5:3 C5:3 A4:2 D5:6 r:2 F5:3 E5:3 D5:6 r:4", "Sec-ond en-core, don't go home"},
		{12, "r:2 C5:2 E5:3 D5:3 r:2 C5:4 B4:3 C5:3 A4:6 r:4", "My ri-val, my mi-cro-phone"},
		{14, "D5:3 C5:3 A4:2 D5:6 r:2 G5:3 F5:3 D5:6 r:4", "이기는 건 내일 해"},
		{16, "E5:3 D5:3 C5:2 G4:4 A4:4 A4:12 r:4", "To-night we sing as one"},
		{20, "E5:3 D5:3 C5:2 E5:6 r:2 E5:3 D5:3 C5:6 r:4", "Sec-ond en-core, don't go home"},
	},
	style: style{
		swing: 0.28, kick: "x......x..x.....", snare: "....x.......x..x", hat: "x.x.x.x.x.x.x.x.",
		bass: "1-----1-..5-8---", keys: "x-----x---------",
		keysTone: electricPiano, arpTone: pluck, pump: 0.3,
	},
	paint: spotlight,
}

// fileName is a song's, in the form that every system can hold.
func (s song) fileName(ext string) string { return strings.TrimSpace(s.file) + ext }
