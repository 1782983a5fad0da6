import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";
import { type ContentProblem, contentProblems } from "./check.ts";
import type { InjectionTemplate } from "./template.ts";
import { variableProblems, withoutVariables } from "./variables.ts";

/** One thing wrong with a template's text, at a place in it. Lines and columns start at 1. */
export interface TemplateProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Thrown for a template that cannot be used; the message names file, line and column of each problem. */
export class TemplateError extends Error {
  readonly code = "TEMPLATE_INVALID";
  readonly template: string;
  readonly problems: readonly TemplateProblem[];
  constructor(template: string, problems: readonly TemplateProblem[]) {
    super(problems.map(({ line, column, message }) => `${template}:${line}:${column}: ${message}`).join("\n"));
    this.template = template;
    this.problems = problems;
  }
}

/** Finds what is wrong with a template's content, once its shape is right. */
export type ContentCheck = (content: Readonly<Partial<Record<TemplateKey, unknown>>>) => readonly ContentProblem[];

/** A template's text may have so many characters: more is no sidecar, and what it costs to read must stay bounded. */
const MAX_LENGTH = 256 * 1024;
/** So many problems are told: the first ones help, and a broken text can have thousands. */
const MAX_PROBLEMS = 20;

const SHAPES = {
  initContainers: "list",
  containers: "list",
  volumes: "list",
  imagePullSecrets: "list",
  env: "list",
  volumeMounts: "list",
  annotations: "strings",
  labels: "strings",
  securityContext: "map",
  variables: "words",
} as const;
type Key = keyof typeof SHAPES;
/** The keys that go into pods. */
export type TemplateKey = Exclude<Key, "variables">;

/**
 * Reads one template.
 *
 * @param name what messages call it, and the template's own name
 * @param check the judgement of what stands inside; Kubernetes' own validation of pods unless told
 * @throws {TemplateError} with every problem found, each with line and column
 */
export function parseTemplate(name: string, text: string, check: ContentCheck = contentProblems): InjectionTemplate {
  if (text.length > MAX_LENGTH)
    throw new TemplateError(name, [
      { line: 1, column: 1, message: `${text.length} characters are too many; a template has at most ${MAX_LENGTH}` },
    ]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, stringKeys: true });
  const problems: TemplateProblem[] = [];
  const at = (node: unknown, message: string): void => {
    const offset = (node as Node | null | undefined)?.range?.[0] ?? 0;
    const { line, col } = lines.linePos(offset);
    problems.push({ line: Math.max(line, 1), column: Math.max(col, 1), message });
  };
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.push({ line, column: col, message: error.message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, "") });
  }
  // By a set: the parser's own check compares each key with every other.
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        const text = isScalar(key) ? key.value : key;
        if (keys.has(text)) at(key, `Map keys must be unique: ${JSON.stringify(text)} is there twice`);
        keys.add(text);
      }
    },
  });
  if (problems.length > 0) throw new TemplateError(name, problems);
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return { name };
  if (!isMap(root)) {
    at(root, `a template is a map with any of ${Object.keys(SHAPES).join(", ")}`);
    throw new TemplateError(name, problems);
  }
  for (const { key, value } of root.items) {
    const field = isScalar(key) ? String(key.value) : "";
    if (!Object.hasOwn(SHAPES, field)) {
      at(key, `unknown key ${JSON.stringify(field)}${suggestion(field)}; a template has ${Object.keys(SHAPES).join(", ")}`);
      continue;
    }
    if (value === null || (isScalar(value) && value.value === null)) continue;
    checkShape(field as Key, value as Node, at);
  }
  if (problems.length > 0) throw new TemplateError(name, problems);
  const content = document.toJS({ maxAliasCount: 100 }) as Record<string, unknown>;
  for (const field of Object.keys(content)) if (content[field] === null) delete content[field];
  const { variables: asked, ...parts } = content as { variables?: readonly string[] };
  const variables = asked ?? [];
  const found = [...variableProblems(parts, variables), ...check(withoutVariables(parts, variables))];
  for (const { path, message } of found.slice(0, MAX_PROBLEMS)) at(keyNode(root, path), message);
  if (problems.length > 0) throw new TemplateError(name, problems);
  return { ...(content as Omit<InjectionTemplate, "name">), name };
}

function checkShape(field: Key, value: Node, at: (node: unknown, message: string) => void): void {
  const shape = SHAPES[field];
  if (shape === "list") {
    if (!isSeq(value)) {
      at(value, `${field} must be a list`);
      return;
    }
    const names = new Set<unknown>();
    for (const item of value.items) {
      if (!isMap(item)) {
        at(item, `an entry of ${field} must be a map`);
        continue;
      }
      const name = item.get("name");
      if (typeof name !== "string" || name === "") at(item, `an entry of ${field} needs a name`);
      else if (names.has(name) && field !== "volumeMounts") at(item, `${field} has two entries named ${JSON.stringify(name)}`);
      names.add(name);
      if (field === "volumeMounts" && typeof item.get("mountPath") !== "string") at(item, "an entry of volumeMounts needs a mountPath");
    }
    return;
  }
  if (shape === "words") {
    if (!isSeq(value)) at(value, `${field} must be a list`);
    else for (const item of value.items) if (!isScalar(item) || typeof item.value !== "string") at(item, `${field} has only texts`);
    return;
  }
  if (!isMap(value)) at(value, `${field} must be a map`);
  else if (shape === "strings")
    for (const pair of value.items)
      if (!isScalar(pair.value) || typeof pair.value.value !== "string")
        at(pair.value ?? pair.key, `values of ${field} must be strings; quote it`);
}

/** The key node at a path of map keys and list indexes, else the nearest one above it. */
function keyNode(root: Node, steps: readonly string[]): unknown {
  let node: unknown = root;
  let found: unknown = root;
  for (const step of steps) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      if (pair === undefined) return found;
      found = pair.key;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      found = node ?? found;
    } else return found;
  }
  return found;
}

function suggestion(field: string): string {
  const near = Object.keys(SHAPES).find(
    (key) => key.toLowerCase() === field.toLowerCase() || key.toLowerCase() === `${field.toLowerCase()}s`,
  );
  return near === undefined ? "" : `, did you mean ${near}?`;
}
