import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addImport, addToList } from "./splice.ts";

const LISTS: readonly (readonly [what: string, before: string, after: string])[] = [
  ["an empty list", "export const a = [];", "export const a = [X];"],
  ["a list with a type", 'export const a: T["x"][] = [];\n', 'export const a: T["x"][] = [X];\n'],
  ["a list on one line", "export const a = [b, c];", "export const a = [b, c, X];"],
  ["a comma behind the last", "export const a = [b, ];", "export const a = [b, X ];"],
  ["a comment behind the last", "export const a = [b /* ] */];", "export const a = [b /* ] */, X];"],
  ["a list on many lines", "export const a = [\n\tb,\n\tc\n];\n", "export const a = [\n\tb,\n\tc,\n\tX,\n];\n"],
  [
    "comments beside and below the last",
    "export const a = [\n  b, // kept\n  // c, not yet\n];",
    "export const a = [\n  b, // kept\n  // c, not yet\n  X,\n];",
  ],
  ["a comment without a comma before it", "export const a = [\n  b // kept\n];", "export const a = [\n  b, // kept\n  X,\n];"],
  ["a bracket on the last element's line", "export const a = [\n  b,\n  c];", "export const a = [\n  b,\n  c, X];"],
  ["calls and texts inside", 'export const a = [f(["]"], { g: `]` }),];', 'export const a = [f(["]"], { g: `]` }), X];'],
  ["lines that end as on Windows", "export const a = [\r\n  b,\r\n];\r\n", "export const a = [\r\n  b,\r\n  X,\r\n];\r\n"],
  [
    "the list's name in a comment before",
    "// export const a = [];\nexport const a = [];",
    "// export const a = [];\nexport const a = [X];",
  ],
  ["what is there already", "export const a = [\n  X,\n];", "export const a = [\n  X,\n];"],
  ["a longer name that begins alike", "export const a = [XY];", "export const a = [XY, X];"],
];

describe("an element is added to a list", () => {
  test.each(LISTS)("with %s", (_, before, after) => expect(addToList(before, "a", "X")).toBe(after));
  test.each(["const a = [];", "export const ab = [];", "export const a = list();", "export const a = [b", ""])("not to %j", (text) =>
    expect(addToList(text, "a", "X")).toBeUndefined(),
  );
});

test("what was there stays, byte for byte and in its order", () => {
  const element = fc.constantFrom("b", "f(1, [2])", '"]"', "{ x: 1 }", "`,`", "new C()");
  const space = fc.constantFrom("", " ", "\n  ", " /* , ] */ ", "\n  // ], x\n  ");
  const list = fc
    .array(fc.tuple(space, element, space), { maxLength: 4 })
    .chain((elements) =>
      fc
        .tuple(space, fc.boolean())
        .map(([end, comma]) => `[${elements.map((parts) => parts.join("")).join(",")}${comma && elements.length > 0 ? "," : ""}${end}]`),
    );
  fc.assert(
    fc.property(list, (text) => {
      const before = `// one\nexport const a = ${text};\nexport const z = [];\n`;
      const after = addToList(before, "a", "X") ?? "";
      let at = 0;
      for (const character of before) {
        at = after.indexOf(character, at);
        expect(at).toBeGreaterThanOrEqual(0);
        at++;
      }
      expect(elementsOf(after)).toEqual([...elementsOf(before), "X"]);
    }),
    { numRuns: 300 },
  );
});
/** The list as JavaScript has it; anything but the added element as its own JSON. */
function elementsOf(text: string): unknown[] {
  const [, list] = /export const a = ([\s\S]*);\nexport const z/.exec(text) ?? [];
  return new Function("X", "b", "f", "C", `return ${list}`)("X", "b", (...all: unknown[]) => all, Object) as unknown[];
}

const IMPORTS: readonly (readonly [what: string, before: string, after: string])[] = [
  [
    "after the last",
    'import a from "a";\nimport {\n  b,\n} from "b";\n\ncode();\n',
    'import a from "a";\nimport {\n  b,\n} from "b";\nimport { X } from "./x.ts";\n\ncode();\n',
  ],
  ["in the file's own manner", "import a from 'a'\ncode()\n", "import a from 'a'\nimport { X } from './x.ts'\ncode()\n"],
  ["behind the comment beside the last", 'import "a"; // first\n', 'import "a"; // first\nimport { X } from "./x.ts";\n'],
  ["below comments at the top where there is none", "// what it is\ncode();\n", '// what it is\nimport { X } from "./x.ts";\n\ncode();\n'],
  [
    "not after a call or a comment",
    'import "a";\nimport("b");\n// import "c";\n',
    'import "a";\nimport { X } from "./x.ts";\nimport("b");\n// import "c";\n',
  ],
  ["as the only text", "", 'import { X } from "./x.ts";\n\n'],
];
test.each(IMPORTS)("an import is added %s", (_, before, after) => expect(addImport(before, "X", "./x.ts")).toBe(after));
