// One tree for every form of the manifests: a chart's templates, in which values are filled in by Helm, and plain objects,
// in which they have been filled in here. A node says both.

export type Values = Readonly<Record<string, unknown>>;

/** A text that depends on values. */
export class Expression {
  readonly helm: string;
  readonly evaluate: (values: Values) => unknown;
  /** @param helm the action's inside: `.Values.replicas`; @param evaluate the same from the values here. */
  constructor(helm: string, evaluate: (values: Values) => unknown) {
    this.helm = helm;
    this.evaluate = evaluate;
  }
}
/** A whole value, object or list, written by `toYaml`; its key is left out where it is empty. */
export class Block {
  readonly helm: string;
  readonly evaluate: (values: Values) => unknown;
  constructor(helm: string, evaluate: (values: Values) => unknown) {
    this.helm = helm;
    this.evaluate = evaluate;
  }
}
/** Something that is there only under a condition. */
export class When {
  readonly condition: Condition;
  readonly node: Node;
  constructor(condition: Condition, node: Node) {
    this.condition = condition;
    this.node = node;
  }
}
/** A list's item for each entry of a map in the values. */
export class Each {
  readonly path: string;
  readonly item: (key: Expression, value: Expression) => Node;
  constructor(path: string, item: (key: Expression, value: Expression) => Node) {
    this.path = path;
    this.item = item;
  }
}
export interface Condition {
  readonly helm: string;
  readonly test: (values: Values) => boolean;
}
export type Node = string | number | boolean | Expression | Block | When | Each | readonly Node[] | { readonly [key: string]: Node };

const at = (values: Values, path: string): unknown =>
  path.split(".").reduce<unknown>((object, key) => (object as Values | undefined)?.[key], values);

/** A scalar of the values, `metrics.port`. Texts are quoted. */
export function value(path: string): Expression {
  return new Expression(`.Values.${path}`, (values) => at(values, path));
}
/** A text of the values as a text, also where it looks like a number. */
export function text(path: string): Expression {
  return new Expression(`.Values.${path} | quote`, (values) => String(at(values, path)));
}
export function block(path: string): Block {
  return new Block(`.Values.${path}`, (values) => at(values, path));
}
/** A map of fixed entries and those of the values, which win. */
export function merged(fixed: Readonly<Record<string, string | Expression>>, path: string): Block {
  const entries = Object.entries(fixed).map(
    ([key, one]) => `${JSON.stringify(key)} ${one instanceof Expression ? `(${one.helm})` : JSON.stringify(one)}`,
  );
  return new Block(`merge (dict) .Values.${path} (dict ${entries.join(" ")})`, (values) => ({
    ...Object.fromEntries(Object.entries(fixed).map(([key, one]) => [key, one instanceof Expression ? one.evaluate(values) : one])),
    ...(at(values, path) as Values),
  }));
}
export function when(condition: Condition, node: Node): When {
  return new When(condition, node);
}
export const truthy = (path: string): Condition => ({
  helm: `.Values.${path}`,
  test: (values) => {
    const found = at(values, path);
    return typeof found === "object" && found !== null ? Object.keys(found).length > 0 : Boolean(found);
  },
});
export const equals = (path: string, wanted: string): Condition => ({
  helm: `eq .Values.${path} ${JSON.stringify(wanted)}`,
  test: (values) => at(values, path) === wanted,
});
export const contains = (path: string, wanted: string): Condition => ({
  helm: `has ${JSON.stringify(wanted)} .Values.${path}`,
  test: (values) => (at(values, path) as readonly string[]).includes(wanted),
});
export const not = (condition: Condition): Condition => ({
  helm: `not (${condition.helm})`,
  test: (values) => !condition.test(values),
});
export const either = (...conditions: readonly Condition[]): Condition => ({
  helm: `or ${conditions.map(({ helm }) => `(${helm})`).join(" ")}`,
  test: (values) => conditions.some((one) => one.test(values)),
});
export const both = (...conditions: readonly Condition[]): Condition => ({
  helm: `and ${conditions.map(({ helm }) => `(${helm})`).join(" ")}`,
  test: (values) => conditions.every((one) => one.test(values)),
});

/** The tree as a plain object for these values; `undefined` where a condition leaves it out. */
export function evaluate(node: Node, values: Values): unknown {
  if (node instanceof Expression || node instanceof Block) return node.evaluate(values);
  if (node instanceof When) return node.condition.test(values) ? evaluate(node.node, values) : undefined;
  if (node instanceof Each) throw new Error("an Each stands in a list");
  if (Array.isArray(node))
    return (node as readonly Node[]).flatMap((item) => {
      if (item instanceof Each)
        return Object.entries((at(values, item.path) ?? {}) as Values).map(([key, one]) =>
          evaluate(item.item(new Expression("", () => key), new Expression("", () => String(one))), values),
        );
      const result = evaluate(item, values);
      return result === undefined ? [] : [result];
    });
  if (typeof node === "object") {
    const entries = Object.entries(node as Record<string, Node>).flatMap(([key, child]) => {
      const result = evaluate(child, values);
      const empty = child instanceof Block && !truthyObject(result);
      return result === undefined || empty ? [] : [[key, result] as const];
    });
    return Object.fromEntries(entries);
  }
  return node;
}

function truthyObject(object: unknown): boolean {
  return typeof object === "object" && object !== null ? Object.keys(object).length > 0 : Boolean(object);
}
