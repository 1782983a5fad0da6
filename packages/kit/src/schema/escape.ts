const KEYWORDS = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(" "),
);
const LITERALS: ReadonlySet<string> = new Set(["true", "false", "null", "in"]);
const SIGNS: Readonly<Record<string, string>> = { __: "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__" };

/** A keyword that a field's name can be all the same; others, as `true`, the grammar does not take for a name. */
export function isReserved(name: string): boolean {
  return KEYWORDS.has(name) && !LITERALS.has(name);
}

/** The name under which an expression reaches a property; `undefined` where there is none. */
export function escapedName(property: string): string | undefined {
  if (KEYWORDS.has(property)) return `__${property}__`;
  const name = property.replace(/__|[.\-/]/g, (sign) => SIGNS[sign]!);
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : undefined;
}
