import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import { ConfigurationError } from "./error.ts";
import { jsonFault } from "./json-fault.ts";
import { depthOf, type Reading, stepsTo } from "./source.ts";

/**
 * Reads a JSON or YAML text, remembering where each field stands.
 *
 * @param path for messages; `.json` is read strictly as JSON, everything else as YAML 1.2, of which JSON is a part
 * @throws ConfigurationError with line and column; a key that stands twice in one object is an error in both
 */
export function readDocument(path: string, text: string): Reading {
  const lines = new LineCounter();
  // A byte order mark is no part of the content.
  const content = text.startsWith("\ufeff") ? text.slice(1) : text;
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  const fail = (offset: number, message: string): never => {
    const { line, col } = lines.linePos(Math.min(offset, content.length));
    throw new ConfigurationError([{ source: path, line, column: col, message }]);
  };
  if (path.endsWith(".json")) {
    const fault = jsonFault(content);
    if (fault) fail(fault.offset, fault.message);
  }
  const [error] = document.errors;
  if (error) fail(error.pos[0], error.message);
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    // Aliases that multiply beyond the parser's limit, or that nothing defines.
    fail(0, (cause as Error).message);
  }
  return {
    value: value ?? undefined,
    locate(field) {
      const steps = stepsTo(field, value);
      const offset = offsetOf(document.contents, steps);
      const { line, col } = lines.linePos(offset);
      return { depth: depthOf(steps, value), source: path, line, column: col };
    },
  };
}

/** Where the last step that the document has begins. */
function offsetOf(root: unknown, steps: readonly (string | number)[]): number {
  let at = root;
  let offset = isNode(at) ? ((at as Node).range?.[0] ?? 0) : 0;
  for (const step of steps) {
    let next: unknown;
    if (isMap(at)) {
      const pair = at.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step)) as Pair<Node, Node> | undefined;
      if (!pair) break;
      offset = pair.value?.range?.[0] ?? pair.key.range?.[0] ?? offset;
      next = pair.value;
    } else if (isSeq(at)) {
      next = at.items[Number(step)];
      if (!isNode(next)) break;
      offset = next.range?.[0] ?? offset;
    } else break;
    at = next;
  }
  return offset;
}
