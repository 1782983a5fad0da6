// Inserts into TypeScript that somebody else wrote: every byte that was there stays, in its order.

/** The text with the contents of comments and string literals blanked out, each character in its place. */
function masked(text: string): string {
  const literal = /\/\/[^\r\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:\\.|[^"\\\r\n])*"?|'(?:\\.|[^'\\\r\n])*'?|`(?:\\[\s\S]|[^`\\])*`?/g;
  return text.replace(literal, (found) => {
    const blank = found.replaceAll(/[^\r\n]/g, " ");
    const [quote = ""] = found;
    return quote === "/" ? blank : quote + blank.slice(1, -1) + (found.length > 1 ? quote : "");
  });
}

const insert = (text: string, at: number, what: string): string => text.slice(0, at) + what + text.slice(at);
const lineEnd = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");

/** Adds `import { name } from "from"` after the last import, in the file's own quotes and semicolons. */
export function addImport(text: string, name: string, from: string): string {
  const code = masked(text);
  const last = [...code.matchAll(/^import(?=[\s{*"'])[^"'`(]*(["']) *\1[ \t]*;?/gm)].at(-1);
  const quote = last?.[1] ?? '"';
  const semicolon = last && !last[0].endsWith(";") ? "" : ";";
  const statement = `import { ${name} } from ${quote}${from}${quote}${semicolon}`;
  if (last) {
    // A comment beside the last import stays beside it.
    const end = text.slice(last.index).search(/\r?\n|$/) + last.index;
    return insert(text, Math.max(end, last.index + last[0].length), lineEnd(text) + statement);
  }
  // Comments at the top stay there.
  const start = code.search(/\S/);
  return insert(text, start === -1 ? text.length : start, statement + lineEnd(text) + lineEnd(text));
}

/**
 * Adds an element at the end of `export const list = […]`. A list that has it stays as it is.
 *
 * @returns `undefined` when there is no such list.
 */
export function addToList(text: string, list: string, element: string): string | undefined {
  const code = masked(text);
  const start = new RegExp(`^export\\s+const\\s+${list}\\b[^=;]*=\\s*\\[`, "m").exec(code);
  if (!start) return undefined;
  const open = start.index + start[0].length;
  const close = closing(code, open);
  if (close === undefined) return undefined;
  const inside = code.slice(open, close);
  if (new RegExp(`(^|[^\\w$.])${element}(?![\\w$])`).test(inside)) return text;
  const used = inside.trimEnd();
  const comma = used === "" || used.endsWith(",") ? "" : ",";
  const lineOfClose = text.lastIndexOf("\n", close - 1) + 1;
  if (lineOfClose <= open || text.slice(lineOfClose, close).trim() !== "") {
    // On the line of the last element; a comment behind that stays with it.
    const end = open + text.slice(open, close).trimEnd().length;
    return insert(text, end, used === "" ? element : `${comma} ${element}`);
  }
  const outer = /^[ \t]*/.exec(text.slice(lineOfClose))?.[0] ?? "";
  const indent = /\n([ \t]+)\S[^\n]*$/.exec(used)?.[1] ?? `${outer}  `;
  const longer = insert(text, lineOfClose, `${indent}${element},${lineEnd(text)}`);
  return insert(longer, open + used.length, comma);
}

/** Where the bracket that was opened before `from` closes. */
function closing(code: string, from: number): number | undefined {
  let depth = 1;
  for (let at = from; at < code.length; at++) {
    if ("[({".includes(code[at]!)) depth++;
    else if ("])}".includes(code[at]!) && --depth === 0) return at;
  }
  return undefined;
}
