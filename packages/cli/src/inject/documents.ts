// A file's YAML documents, and the pods in them.
import { type Document, isMap, isScalar, isSeq, type Node, parseDocument } from "yaml";
import { jsonNodes } from "./json-nodes.ts";
import { isObject, type Json } from "./render.ts";

/** The texts of a file's documents: together they are the file. A line of `---` starts one, also inside of a block scalar. */
export function chunks(text: string): string[] {
  const starts = [0];
  for (const { index, 0: found, groups } of text.matchAll(
    /(?:^|(?<=\n))(?:---(?=[ \t\r\n]|$)|(?<end>\.\.\.[ \t]*(?:#[^\n]*)?(?:\r?\n|$)))/g,
  ))
    starts.push(groups?.["end"] === undefined ? index : index + found.length);
  const places = [...new Set(starts)].sort((a, b) => a - b);
  return places.map((start, index) => text.slice(start, places[index + 1])).filter((chunk) => chunk !== "");
}

export interface Parsed {
  readonly document: Document;
  readonly value: unknown;
  /** The text is JSON. */
  readonly isJson?: true;
}

/** @throws Error whose message says what is wrong with the text, and in which line of it. */
export function parsed(text: string): Parsed {
  return jsonNodes(text) ?? parsedYaml(text, true);
}

/** The value alone, for less memory. @throws as `parsed`. */
export function contentOf(text: string): unknown {
  return (jsonNodes(text) ?? parsedYaml(text, false)).value;
}

function parsedYaml(text: string, keepSourceTokens: boolean): Parsed {
  const document = parseDocument(text, { keepSourceTokens, merge: true, uniqueKeys: true });
  const [error] = document.errors;
  if (error) throw new SyntaxError(error.message.split("\n")[0]!.replace(/:$/, ""));
  return { document, value: document.toJS({ maxAliasCount: 1000 }) };
}

/** A pod, or the template of pods, in a document. */
export interface Found {
  /** The object that has it. */
  readonly object: Json;
  /** From the document's root to the object, and from there to the pod: "" is the object itself. */
  readonly objectPath: readonly (string | number)[];
  readonly podPath: readonly string[];
  readonly pod: Json;
}

/** Where pods stand: whatever the kind, also in kinds that nobody here knows. A CronJob's is two templates deep. */
const TEMPLATES: readonly (readonly string[])[] = [["spec", "template"], ["spec", "jobTemplate", "spec", "template"], ["template"]];

/** Pods and templates of pods of a document, also of Lists inside of Lists. */
export function pods(value: unknown, path: readonly (string | number)[] = []): Found[] {
  if (!isObject(value) || typeof value["kind"] !== "string" || typeof value["apiVersion"] !== "string") return [];
  const { items, kind, apiVersion } = value;
  if (Array.isArray(items) && kind.endsWith("List")) return items.flatMap((item, index) => pods(item, [...path, "items", index]));
  if (kind === "Pod" && apiVersion === "v1")
    return hasContainers(value) ? [{ object: value, objectPath: path, podPath: [], pod: value }] : [];
  return TEMPLATES.flatMap((podPath) => {
    const pod = podPath.reduce<unknown>((part, key) => (isObject(part) ? part[key] : undefined), value);
    return hasContainers(pod) ? [{ object: value, objectPath: path, podPath, pod }] : [];
  });
}

function hasContainers(pod: unknown): pod is Json {
  return isObject(pod) && isObject(pod["spec"]) && Array.isArray(pod["spec"]["containers"]);
}

/** A node by its path of keys and places; `undefined` where an alias or a merge is on the way. */
export function nodeAt(root: Node | null, path: readonly (string | number)[]): Node | undefined {
  let node: unknown = root;
  for (const step of path) {
    if (isMap(node)) node = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))?.value;
    else if (isSeq(node)) node = node.items[Number(step)];
    else return undefined;
  }
  return (node ?? undefined) as Node | undefined;
}

/** What messages call an object. */
export function nameOf({ kind, metadata }: Json): string {
  const { name, generateName } = (isObject(metadata) ? metadata : {}) as { name?: string; generateName?: string };
  return `${kind}/${name ?? (generateName ? `${generateName}*` : "")}`;
}

/** The value with other parts at some paths; what is around them is copied, once, and the value itself stays. */
export function withParts(value: unknown, parts: readonly (readonly [path: readonly (string | number)[], part: unknown])[]): unknown {
  const copies = new WeakSet<object>();
  const copied = (old: unknown): Record<string | number, unknown> => {
    if (isObject(old) && copies.has(old)) return old;
    if (Array.isArray(old) && copies.has(old)) return old as never;
    const copy = Array.isArray(old) ? [...old] : { ...(old as Json) };
    copies.add(copy);
    return copy as never;
  };
  let result = value;
  for (const [path, part] of parts) {
    const last = path.at(-1);
    if (last === undefined) {
      result = part;
      continue;
    }
    let at = copied(result);
    result = at;
    for (const step of path.slice(0, -1)) at = at[step] = copied(at[step]);
    at[last] = part;
  }
  return result;
}
