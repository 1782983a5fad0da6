/** What a strict decoder finds in a JSON text that `JSON.parse` does not tell. */
export interface JsonScan {
  /** In the words of Go's `encoding/json`; absent where the text is valid. */
  readonly error?: string;
  /** Paths of fields given twice: `spec.containers[0].name`. */
  readonly duplicates: readonly string[];
}

class Unparsable extends Error {}

/** Reads a text once, for its first error and its duplicate fields. */
export function scanJson(text: string): JsonScan {
  const scanner = new Scanner(text);
  try {
    scanner.document();
    return { duplicates: scanner.duplicates };
  } catch (error) {
    if (error instanceof Unparsable) return { error: error.message, duplicates: [] };
    throw error;
  }
}

const beginning = "looking for beginning of value";

class Scanner {
  readonly duplicates: string[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value("");
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected("after top-level value");
  }

  #value(path: string): void {
    this.#space();
    const character = this.#text[this.#at];
    if (character === "{") this.#object(path);
    else if (character === "[") this.#array(path);
    else if (character === '"') this.#string();
    else if (character === "-" || (character !== undefined && character >= "0" && character <= "9")) this.#number();
    else if (character === "t") this.#literal("true");
    else if (character === "f") this.#literal("false");
    else if (character === "n") this.#literal("null");
    else throw this.#unexpected(beginning);
  }

  #object(path: string): void {
    this.#at++;
    this.#space();
    if (this.#take("}")) return;
    const seen = new Set<string>();
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"')
        throw this.#unexpected(
          seen.size === 0 ? "looking for beginning of object key string" : "looking for beginning of object key string",
        );
      const key = this.#string();
      const inner = path === "" ? key : `${path}.${key}`;
      if (seen.has(key)) {
        if (!this.duplicates.includes(inner)) this.duplicates.push(inner);
      } else seen.add(key);
      this.#space();
      if (!this.#take(":")) throw this.#unexpected("after object key");
      this.#value(inner);
      this.#space();
      if (this.#take("}")) return;
      if (!this.#take(",")) throw this.#unexpected("after object key:value pair");
    }
  }

  #array(path: string): void {
    this.#at++;
    this.#space();
    if (this.#take("]")) return;
    for (let index = 0; ; index++) {
      this.#value(`${path}[${index}]`);
      this.#space();
      if (this.#take("]")) return;
      if (!this.#take(",")) throw this.#unexpected("after array element");
    }
  }

  #string(): string {
    const start = ++this.#at;
    let escaped = false;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) {
        const raw = this.#text.slice(start, this.#at++);
        return escaped ? (JSON.parse(`"${raw}"`) as string) : raw;
      }
      if (code < 0x20) throw this.#unexpected("in string literal");
      if (code === 0x5c) {
        escaped = true;
        this.#at++;
        if (this.#at >= this.#text.length) break;
        if (!/["\\/bfnrtu]/.test(this.#text[this.#at]!)) throw this.#unexpected("in string escape code");
      }
    }
    throw new Unparsable("unexpected end of JSON input");
  }

  #number(): void {
    const match = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    match.lastIndex = this.#at;
    const found = match.exec(this.#text);
    if (!found) {
      this.#at++;
      throw this.#unexpected("in numeric literal");
    }
    this.#at += found[0].length;
  }

  #literal(word: string): void {
    for (let index = 0; index < word.length; index++, this.#at++) {
      if (this.#text[this.#at] !== word[index]) throw this.#unexpected(`in literal ${word} (expecting '${word[index]}')`);
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #unexpected(where: string): Unparsable {
    const character = this.#text[this.#at];
    if (character === undefined) return new Unparsable("unexpected end of JSON input");
    const shown = character === "'" ? "'\\''" : character === '"' ? "'\"'" : `'${JSON.stringify(character).slice(1, -1)}'`;
    return new Unparsable(`invalid character ${shown} ${where}`);
  }
}
