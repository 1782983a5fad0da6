/** An expression that cannot be compiled, or whose evaluation failed. */
export class CelError extends Error {
  override readonly name = "CelError";
  readonly code = "ERR_CEL";
}

/** A fault at a place of an expression, as Kubernetes' compiler prints it. `offset` counts UTF-16 units. */
export interface Fault {
  readonly offset: number;
  readonly message: string;
}

/** All faults of an expression in one text, in the order of their places. */
export function faultsText(source: string, faults: readonly Fault[]): string {
  return [...faults]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, message }) => {
      const before = source.slice(0, offset).split("\n");
      const column = [...before.at(-1)!].length;
      const line = source.split("\n")[before.length - 1]!;
      return `ERROR: <input>:${before.length}:${column + 1}: ${message}\n | ${line}\n | ${".".repeat(column)}^`;
    })
    .join("\n");
}
