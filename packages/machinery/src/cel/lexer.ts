import { CelError, faultsText } from "./error.ts";
import type { Literal } from "./syntax.ts";

export interface Token {
  readonly kind: "ident" | "literal" | "symbol" | "end";
  /** As it is written. */
  readonly text: string;
  readonly offset: number;
  readonly value?: Literal;
}

const SYMBOL = /(?:\.\?|\[\?|\{\?|&&|\|\||==|!=|<=|>=|[()[\]{}.,:?<>+\-*/%!])/y;
const IDENT = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /0x[0-9A-Fa-f]+[uU]?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?/y;
const STRING = /([rR][bB]?|[bB][rR]?)?("""|'''|"|')/y;
const BLANK = /(?:[ \t\r\n\f]+|\/\/[^\n]*)+/y;
const WORDS: Readonly<Record<string, Literal>> = { true: true, false: false, null: null };

/** @throws CelError at the first text that is no token */
export function tokens(source: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  for (;;) {
    at += take(BLANK)?.[0].length ?? 0;
    if (at >= source.length) break;
    const offset = at;
    const string = take(STRING);
    if (string) {
      const [value, end] = readString(source, offset, string[1] ?? "", string[2]!);
      found.push({ kind: "literal", text: source.slice(offset, end), offset, value });
      at = end;
      continue;
    }
    const ident = take(IDENT);
    if (ident) {
      const [text] = ident;
      at += text.length;
      if (Object.hasOwn(WORDS, text)) found.push({ kind: "literal", text, offset, value: WORDS[text]! });
      else found.push({ kind: text === "in" ? "symbol" : "ident", text, offset });
      continue;
    }
    const number = /[\d.]/.test(source[at]!) ? take(NUMBER) : null;
    if (number && !(source[at] === "." && endsOperand(found.at(-1)))) {
      const [text] = number;
      at += text.length;
      found.push({ kind: "literal", text, offset, value: readNumber(text, source, offset) });
      continue;
    }
    const symbol = take(SYMBOL);
    if (!symbol)
      throw new CelError(faultsText(source, [{ offset, message: `Syntax error: token recognition error at: '${source[offset]}'` }]));
    at += symbol[0].length;
    found.push({ kind: "symbol", text: symbol[0], offset });
  }
  found.push({ kind: "end", text: "<EOF>", offset: source.length });
  return found;
}

/** After an operand a dot selects a field: `a.1` is no call for a number. */
function endsOperand(token: Token | undefined): boolean {
  return token !== undefined && (token.kind === "ident" || token.kind === "literal" || [")", "]", "}"].includes(token.text));
}

function readNumber(text: string, source: string, offset: number): Literal {
  const fault = (what: string): CelError => new CelError(faultsText(source, [{ offset, message: `invalid ${what} literal` }]));
  if (/^0x|^\d+[uU]?$/i.test(text)) {
    const unsigned = /[uU]$/.test(text);
    const value = BigInt(unsigned ? text.slice(0, -1) : text);
    if (unsigned) {
      if (value > 0xffff_ffff_ffff_ffffn) throw fault("uint");
      return { uint: value };
    }
    // One more than the largest int is read for the sake of the smallest one, whose sign stands before it.
    if (value > 1n << 63n) throw fault("int");
    return value;
  }
  const value = Number(text);
  if (!Number.isFinite(value)) throw fault("double");
  return value;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "`": "`",
  "?": "?",
};

/** The value of a string or bytes literal, and where it ends. */
function readString(source: string, offset: number, prefix: string, quote: string): [Literal, number] {
  const raw = /r/i.test(prefix);
  const bytes = /b/i.test(prefix);
  const start = offset + prefix.length + quote.length;
  const fault = (at: number, message: string): CelError => new CelError(faultsText(source, [{ offset: at, message }]));
  const parts: (string | number)[] = [];
  let at = start;
  for (;;) {
    if (at >= source.length || (quote.length === 1 && source[at] === "\n"))
      throw fault(offset, `Syntax error: token recognition error at: '${source.slice(offset, at)}'`);
    if (source.startsWith(quote, at)) break;
    const letter = source[at]!;
    if (letter !== "\\" || raw) {
      parts.push(letter);
      at++;
      continue;
    }
    const letterAfter = source[at + 1] ?? "";
    const numeric = /[xX][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[0-3][0-7]{2}/y;
    numeric.lastIndex = at + 1;
    const [digits] = numeric.exec(source) ?? [];
    if (digits !== undefined) {
      const code = /^[0-3]/.test(digits) ? Number.parseInt(digits, 8) : Number.parseInt(digits.slice(1), 16);
      const unicode = /^[uU]/.test(digits);
      if (code > 0x10ffff || (bytes && unicode)) throw fault(at, "Syntax error: invalid escape sequence");
      parts.push(bytes ? code : String.fromCodePoint(code));
      at += 1 + digits.length;
    } else if (Object.hasOwn(ESCAPES, letterAfter)) {
      parts.push(ESCAPES[letterAfter]!);
      at += 2;
    } else throw fault(at, `Syntax error: token recognition error at: '\\${letterAfter}'`);
  }
  const end = at + quote.length;
  if (!bytes) return [parts.join(""), end];
  const encoded: number[] = [];
  let text = "";
  const flush = (): void => {
    encoded.push(...Buffer.from(text, "utf8"));
    text = "";
  };
  for (const part of parts) {
    if (typeof part === "string") text += part;
    else {
      flush();
      encoded.push(part);
    }
  }
  flush();
  return [Uint8Array.from(encoded), end];
}
