/** Where a text stops being JSON (RFC 8259); `undefined` where it is JSON. `JSON.parse` often does not say. */
export function jsonFault(text: string): { readonly offset: number; readonly message: string } | undefined {
  let at = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these in a text.
  const TOKEN = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
  const space = (): void => {
    while (at < text.length && " \t\n\r".includes(text[at]!)) at++;
  };
  const fault = (wanted: string): { offset: number; message: string } => ({
    offset: at,
    message:
      at >= text.length ? `the text ends where ${wanted} should follow` : `${JSON.stringify(text[at])} stands where ${wanted} should`,
  });
  const token = (wanted: string): ReturnType<typeof fault> | undefined => {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found || (wanted === "a key in quotes" && !found[0].startsWith('"'))) return fault(wanted);
    at += found[0].length;
    return undefined;
  };
  // A list of what is open instead of recursion: a hostile text cannot exhaust the stack.
  const open: ("{" | "[")[] = [];
  for (;;) {
    space();
    const char = text[at];
    if (char === "{" || char === "[") {
      open.push(char);
      at++;
      space();
      if (text[at] === (char === "{" ? "}" : "]")) {
        // Empty: closed below.
      } else {
        if (char === "{") {
          const wrong = key();
          if (wrong) return wrong;
        }
        continue;
      }
    } else {
      const wrong = token("a value");
      if (wrong) return wrong;
    }
    for (;;) {
      space();
      const inner = open.at(-1);
      if (inner === undefined) return at < text.length ? fault("the end of the text") : undefined;
      if (text[at] === (inner === "{" ? "}" : "]")) {
        open.pop();
        at++;
        continue;
      }
      if (text[at] !== ",") return fault(inner === "{" ? '"," or "}"' : '"," or "]"');
      at++;
      if (inner === "{") {
        const wrong = key();
        if (wrong) return wrong;
      }
      break;
    }
  }

  function key(): ReturnType<typeof fault> | undefined {
    space();
    const wrong = token("a key in quotes");
    if (wrong) return wrong;
    space();
    if (text[at] !== ":") return fault('":"');
    at++;
    return undefined;
  }
}
