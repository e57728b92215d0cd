import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of songs for a test. */
export interface Songs {
  folder: string;
  remove(): void;
}

/** A song to be made: `Artist - Title`, its length in s, and lyrics if it has some. */
export interface Wanted {
  name: string;
  seconds: number;
  lyrics?: string;
  /** A tone, unless it must be heard where in the song one is. */
  sound?: "tone" | "noise";
}

/** Makes songs, each of one quiet tone of its own, or of noise. */
export function makeSongs(wanted: Wanted[]): Songs {
  const folder = mkdtempSync(join(tmpdir(), "singoff-songs-"));
  mkdirSync(folder, { recursive: true });
  wanted.forEach(({ name, seconds, lyrics, sound }, i) => {
    writeFileSync(join(folder, `${name}.wav`), wav(seconds, sound === "noise" ? noise() : tone(220 + 40 * (i % 12))));
    if (lyrics !== undefined) {
      writeFileSync(join(folder, `${name}.lrc`), lyrics);
    }
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const rate = 8000;

function tone(hertz: number): (sample: number) => number {
  return (i) => Math.sin((2 * Math.PI * hertz * i) / rate);
}

function noise(): () => number {
  let state = 7;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return 2 * (state / 2 ** 31) - 1;
  };
}

/** A WAV file: mono, 16 bits. */
function wav(seconds: number, level: (sample: number) => number): Buffer {
  const samples = Math.round(seconds * rate);
  const file = Buffer.alloc(44 + samples * 2);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36);
  file.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i++) {
    file.writeInt16LE(Math.round(3000 * level(i)), 44 + i * 2);
  }
  return file;
}
