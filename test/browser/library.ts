import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { BrowserContext } from "playwright-core";
import { ListTracksRequestSchema, ListTracksResponseSchema } from "../../clients/js/src/protocol.ts";

/** A song of the library. */
export interface Song {
  title: string;
  artist: string;
}

const initials = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const syllable = (n: number) => String.fromCodePoint(0xac00 + (n % 11172));

/** A library as test/library makes one: titles of two to four syllables, or of English words; the same ones each time. */
export function library(songs: number): Song[] {
  let seed = 1;
  const next = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const words = ["Night", "Love", "Meteor", "Train", "Rain", "Heart", "Lantern", "Row"];
  const name = () =>
    next(3) === 0 ? `${words[next(words.length)]} ${words[next(words.length)]}` : Array.from({ length: 2 + next(3) }, () => syllable(next(11172))).join("");
  return Array.from({ length: songs }, (_, i) => ({ title: `${name()} ${i}`, artist: name() }));
}

/** What is found of a library, as the catalogue finds it: in the middle of words, and by initial consonants. */
export function find(songs: readonly Song[], query: string): Song[] {
  const wanted = query.normalize("NFC").toLowerCase();
  const byInitials = [...wanted].every((c) => initials.includes(c));
  const consonants = (text: string) =>
    Array.from(text, (c) => (c >= "가" && c <= "힣" ? (initials[Math.floor((c.codePointAt(0)! - 0xac00) / 588)] ?? c) : c)).join("");
  return songs.filter(({ title, artist }) =>
    [title, artist].some((text) => text.toLowerCase().includes(wanted) || (byInitials && consonants(text).includes(wanted))));
}

/** Answers a context's questions for songs out of a library, page by page, instead of the server. */
export async function serveLibrary(context: BrowserContext, songs: readonly Song[]): Promise<{ asked: string[] }> {
  const asked: string[] = [];
  await context.route("**/singoff.v1.MusicService/ListTracks", async (route) => {
    const request = fromBinary(ListTracksRequestSchema, (route.request().postDataBuffer() ?? Buffer.alloc(5)).subarray(5));
    asked.push(request.query);
    const found = request.query === "" ? songs : find(songs, request.query);
    const from = Number(request.pageToken || 0);
    const until = from + request.pageSize;
    const tracks = found.slice(from, until).map(({ title, artist }) => ({
      track: { trackId: title, title, artist, duration: { seconds: 200n } }, audioUrl: "/songs/none/audio",
    }));
    const body = toBinary(ListTracksResponseSchema, create(ListTracksResponseSchema, {
      tracks, totalSize: found.length, nextPageToken: until < found.length ? String(until) : "", scan: { complete: true },
    }));
    await route.fulfill({ status: 200, headers: { "content-type": "application/grpc-web+proto" }, body: Buffer.concat([frame(0, body), frame(0x80, Buffer.from("grpc-status: 0\r\n"))]) });
  });
  return { asked };
}

function frame(flags: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}
