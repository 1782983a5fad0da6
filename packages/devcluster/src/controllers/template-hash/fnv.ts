const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
const encoder = new TextEncoder();

/** FNV-1a over the UTF-8 bytes of a text, 32 bits (`hash/fnv.New32a`); `more` bytes follow the text. */
export function fnv32a(text: string, more: readonly number[] = []): number {
  let hash = BASIS;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, PRIME);
  for (const byte of more) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** A number in the letters of generated names, which spell no words (`util/rand.SafeEncodeString` of its decimal digits). */
export function safeEncode(text: string): string {
  let out = "";
  for (let index = 0; index < text.length; index++) out += ALPHABET[text.charCodeAt(index) % ALPHABET.length]!;
  return out;
}
