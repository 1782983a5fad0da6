// Writes a tree as a template of a Helm chart.
import { Block, Each, Expression, type Node, When } from "./template.ts";

/** The template of one object; the whole object under its condition where it has one. */
export function helmTemplate(node: Node): string {
  return `${lines(node, 0).join("\n")}\n`;
}

function lines(node: Node, indent: number): string[] {
  const pad = " ".repeat(indent);
  if (node instanceof When) return [`${pad}{{- if ${node.condition.helm} }}`, ...lines(node.node, indent), `${pad}{{- end }}`];
  if (Array.isArray(node)) return (node as readonly Node[]).flatMap((item) => itemLines(item, indent));
  if (typeof node === "object" && !(node instanceof Expression) && !(node instanceof Block) && !(node instanceof Each))
    return Object.entries(node as Record<string, Node>).flatMap(([key, child]) => entryLines(key, child, indent));
  return [`${pad}${inline(node)}`];
}

function entryLines(key: string, child: Node, indent: number): string[] {
  const pad = " ".repeat(indent);
  const name = scalar(key);
  if (child instanceof When) return [`${pad}{{- if ${child.condition.helm} }}`, ...entryLines(key, child.node, indent), `${pad}{{- end }}`];
  if (child instanceof Block)
    return [`${pad}{{- with ${child.helm} }}`, `${pad}${name}:`, `${pad}  {{- toYaml . | nindent ${indent + 2} }}`, `${pad}{{- end }}`];
  if (isEmpty(child) || !isTree(child)) return [`${pad}${name}: ${inline(child)}`];
  return [`${pad}${name}:`, ...lines(child, indent + 2)];
}

function itemLines(item: Node, indent: number): string[] {
  const pad = " ".repeat(indent);
  if (item instanceof When) return [`${pad}{{- if ${item.condition.helm} }}`, ...itemLines(item.node, indent), `${pad}{{- end }}`];
  if (item instanceof Each) {
    const node = item.item(new Expression("$key | quote", () => ""), new Expression("$value | quote", () => ""));
    return [`${pad}{{- range $key, $value := .Values.${item.path} }}`, ...itemLines(node, indent), `${pad}{{- end }}`];
  }
  if (isEmpty(item) || !isTree(item)) return [`${pad}- ${inline(item)}`];
  const inner = lines(item, indent + 2);
  // The dash takes the place of the first key's indentation; a template action before that key stands before the dash.
  const first = inner.findIndex((line) => !line.trimStart().startsWith("{{-"));
  if (first > 0) throw new Error(`the first key of a list's item must not be conditional: ${inner[0]}`);
  return [`${pad}- ${inner[0]?.trimStart()}`, ...inner.slice(1)];
}

function isTree(node: Node): boolean {
  return typeof node === "object" && !(node instanceof Expression) && !(node instanceof Block);
}

function isEmpty(node: Node): boolean {
  return isTree(node) && !(node instanceof When) && !(node instanceof Each) && Object.keys(node as object).length === 0;
}

function inline(node: Node): string {
  if (node instanceof Expression) return `{{ ${node.helm} }}`;
  if (Array.isArray(node)) return "[]";
  if (typeof node === "object") return "{}";
  return scalar(node as string | number | boolean);
}

/** A scalar of YAML that every reader takes as what it is, and Helm as no action. */
function scalar(node: string | number | boolean): string {
  if (typeof node !== "string") return String(node);
  const plain = /^[A-Za-z/][A-Za-z0-9./_-]*(?: [A-Za-z0-9./_-]+)*$/.test(node) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(node);
  const written = plain ? node : JSON.stringify(node);
  return written.replaceAll("{{", '{{ "{{" }}');
}
