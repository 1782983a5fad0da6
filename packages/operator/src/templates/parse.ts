import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { InjectionTemplate } from "./template.ts";
import { unknownFields as notInKubernetes } from "./unknown-fields.ts";

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

/** Finds fields that a value of this kind does not have: paths like `[0].ports[1].nope`. */
export type UnknownFields = (key: TemplateKey, value: unknown) => readonly string[];

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
} as const;
export type TemplateKey = keyof typeof SHAPES;

/**
 * Reads one template.
 *
 * @param name what messages call it, and the template's own name
 * @param unknownFields the judgement of what stands inside; by the schema of pods unless told
 * @throws {TemplateError} with every problem found, each with line and column
 */
export function parseTemplate(name: string, text: string, unknownFields: UnknownFields = notInKubernetes): InjectionTemplate {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, stringKeys: true });
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
    checkShape(field as TemplateKey, value as Node, at);
  }
  if (problems.length > 0) throw new TemplateError(name, problems);
  const content = document.toJS({ maxAliasCount: 100 }) as Record<string, unknown>;
  for (const field of Object.keys(content)) if (content[field] === null) delete content[field];
  for (const [field, value] of Object.entries(content)) {
    for (const path of unknownFields(field as TemplateKey, value)) {
      const steps = [field, ...path.split(/\.|\[|\]\.?/).filter((step) => step !== "")];
      at(keyNode(root, steps), `unknown field ${JSON.stringify(`${field}${path.startsWith("[") ? "" : "."}${path}`)}`);
    }
  }
  if (problems.length > 0) throw new TemplateError(name, problems);
  return { ...(content as Omit<InjectionTemplate, "name">), name };
}

function checkShape(field: TemplateKey, value: Node, at: (node: unknown, message: string) => void): void {
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
    } else if (isSeq(node)) node = node.items[Number(step)];
    else return found;
  }
  return found;
}

function suggestion(field: string): string {
  const near = Object.keys(SHAPES).find(
    (key) => key.toLowerCase() === field.toLowerCase() || key.toLowerCase() === `${field.toLowerCase()}s`,
  );
  return near === undefined ? "" : `, did you mean ${near}?`;
}
