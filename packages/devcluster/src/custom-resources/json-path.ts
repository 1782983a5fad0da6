/** One step of a path: a field, a place in a list, all of them, or those for which a field has a value. */
type Step =
  | { readonly field: string }
  | { readonly index: number }
  | { readonly all: true }
  | { readonly where: readonly string[]; readonly equals: unknown };

/**
 * Reads the JSONPath of a printer column: `.spec.replicas`, `.metadata.labels.a\.b`, `.status.conditions[?(@.type=="Ready")].status`,
 * `.items[0]`, `.items[*].name`, `['x']` (k8s.io/client-go/util/jsonpath, without ranges and unions).
 *
 * @returns how to find the first match in an object; undefined where the path has a form that is not known here.
 */
export function jsonPath(text: string): ((object: unknown) => unknown[]) | undefined {
  const steps = parse(text.replace(/^\{(.*)\}$/s, "$1").replace(/^\$/, ""));
  if (!steps) return undefined;
  return (object) => {
    let found: unknown[] = [object];
    for (const step of steps) found = found.flatMap((value) => follow(value, step));
    return found;
  };
}

function parse(text: string): Step[] | undefined {
  const steps: Step[] = [];
  const next =
    /\.((?:\\.|[^.[\]\\])+)|\[(-?\d+)\]|\[\*\]|\.\*|\[['"]([^'"]*)['"]\]|\[\?\(@((?:\.(?:\\.|[^.=<>!()\s\\])+)+)\s*==?\s*(?:"([^"]*)"|'([^']*)'|([^)\s]+))\s*\)\]/y;
  while (next.lastIndex < text.length) {
    const match = next.exec(text);
    if (!match) return undefined;
    const [whole, field, index, quoted, where, double, single, bare] = match;
    if (field !== undefined) steps.push({ field: unescaped(field) });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else if (quoted !== undefined) steps.push({ field: quoted });
    else if (where !== undefined)
      steps.push({
        where: where
          .slice(1)
          .split(/(?<!\\)\./)
          .map(unescaped),
        equals: double ?? single ?? literal(bare!),
      });
    else if (whole === "[*]" || whole === ".*") steps.push({ all: true });
  }
  return steps;
}

const unescaped = (text: string): string => text.replace(/\\(.)/g, "$1");

function literal(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

function follow(value: unknown, step: Step): unknown[] {
  if (value === null || typeof value !== "object") return [];
  if ("field" in step) {
    const inner = (value as Record<string, unknown>)[step.field];
    return Object.hasOwn(value, step.field) && inner !== undefined ? [inner] : [];
  }
  const items: unknown[] = Array.isArray(value) ? value : Object.values(value);
  if ("all" in step) return items;
  if ("index" in step) {
    const item = items.at(step.index);
    return item === undefined ? [] : [item];
  }
  return items.filter((item) => {
    let inner: unknown = item;
    for (const field of step.where)
      inner = inner !== null && typeof inner === "object" ? (inner as Record<string, unknown>)[field] : undefined;
    return inner === step.equals;
  });
}
