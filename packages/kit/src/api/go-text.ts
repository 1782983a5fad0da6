const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};
/** What Go prints as it is: letters, marks, numbers, punctuation, symbols and the space. */
const PRINTED = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** A text as Go's `%q` (`strconv.Quote`) prints it: Kubernetes puts users' texts into its messages that way. */
export function goQuote(text: string): string {
  const shown = Array.from(text, (character) => {
    if (Object.hasOwn(ESCAPES, character)) return ESCAPES[character];
    if (PRINTED.test(character)) return character;
    const code = character.codePointAt(0)!;
    if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
    return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
  });
  return `"${shown.join("")}"`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** What Go's `unicode.IsSpace` counts as white space; JavaScript's `\s` differs by U+0085 and U+FEFF. */
const SPACE = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** The parts between white space, as Go's `strings.Fields`. */
export function goFields(text: string): string[] {
  return text.split(SPACE).filter((part) => part !== "");
}

/** Without white space at both ends, as Go's `strings.TrimSpace`. */
export function goTrim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && SPACE.test(text[start]!)) start++;
  while (start < end && SPACE.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}

/** A number that Go's `strconv.Atoi` cannot read; the message is Go's. */
export class GoNumberError extends Error {
  override readonly name = "GoNumberError";
  readonly code = "ERR_GO_NUMBER";
}

/** `strconv.Atoi`. @throws GoNumberError */
export function goAtoi(text: string): bigint {
  const fail = (why: string): never => {
    throw new GoNumberError(`strconv.Atoi: parsing ${goQuote(text)}: ${why}`);
  };
  if (!/^[+-]?[0-9]+$/.test(text)) return fail("invalid syntax");
  const exact = BigInt(text.replace(/^\+/, ""));
  if (exact !== BigInt.asIntN(64, exact)) return fail("value out of range");
  return exact;
}
