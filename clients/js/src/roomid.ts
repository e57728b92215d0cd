import { sha256 } from "@noble/hashes/sha2.js";

const idForm = /^[A-Za-z0-9_-]{1,64}$/;
const base32 = "abcdefghijklmnopqrstuvwxyz234567";

/** isId tells whether a text is an id of a namespace or a room: 1 to 64 of A-Z a-z 0-9 _ -. */
export function isId(text: string): boolean {
  return idForm.test(text);
}

/**
 * roomId is the id of a title in any script, the same in every client. The title is brought to NFC, trimmed of white space and lower-cased; if
 * that isn't an id itself, the id is `r-` and the first 10 characters of the lower-case base32 of its SHA-256.
 */
export function roomId(title: string): string {
  const plain = title.normalize("NFC").replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "").toLowerCase();
  if (isId(plain)) {
    return plain;
  }
  const sum = sha256(new TextEncoder().encode(plain));
  let id = "r-";
  for (let at = 0; at < 50; at += 5) {
    const pair = ((sum[at >> 3] ?? 0) << 8) | (sum[(at >> 3) + 1] ?? 0);
    id += base32.charAt((pair >> (11 - (at & 7))) & 31);
  }
  return id;
}
