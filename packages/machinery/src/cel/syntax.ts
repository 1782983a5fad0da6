/**
 * The syntax tree of an expression after its macros were expanded. Each node has a number of its own, under which the
 * checker keeps its type, and the place where messages point.
 */
export type Expr =
  | (Node & { readonly kind: "literal"; readonly value: Literal })
  | (Node & { readonly kind: "ident"; readonly name: string })
  | (Node & { readonly kind: "select"; readonly operand: Expr; readonly field: string; readonly test: boolean })
  | CallExpr
  | ListExpr
  | (Node & { readonly kind: "map"; readonly entries: readonly MapEntry[] })
  | (Node & { readonly kind: "struct"; readonly type: string; readonly entries: readonly MapEntry[] })
  | Comprehension;

interface Node {
  readonly id: number;
  readonly offset: number;
}

export type CallExpr = Node & {
  readonly kind: "call";
  /** An operator has the name that cel-go gives it: `_+_`, `_[_]`, `@in`. */
  readonly fn: string;
  readonly target?: Expr;
  readonly args: readonly Expr[];
};

export type ListExpr = Node & {
  readonly kind: "list";
  readonly elements: readonly Expr[];
  /** Indexes of elements that are written `?e`: optional values, which are left out when empty. */
  readonly optional: ReadonlySet<number>;
};

export interface MapEntry {
  /** Where the colon stands: messages about a field's value point there. */
  readonly offset: number;
  readonly key: Expr;
  readonly value: Expr;
  readonly optional: boolean;
}

/** A loop over a list or the keys of a map that computes one value. */
export type Comprehension = Node & {
  readonly kind: "comprehension";
  readonly range: Expr;
  readonly variable: string;
  /** Of a loop with two variables: the second one; the first is the index or the key. */
  readonly second?: string;
  readonly accumulator: string;
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
};

/** `int` is a bigint, `double` a number, `uint` its own shape. */
export type Literal = string | bigint | number | boolean | null | Uint8Array | { readonly uint: bigint };

export const ACCUMULATOR = "@result";
/** Sugar for a loop that runs zero times and only binds its accumulator. */
export const UNUSED = "#unused";
