/** A least and a most: of a size or of a cost. `Infinity` where nothing bounds it. */
export interface Size {
  readonly min: number;
  readonly max: number;
}

export const UNKNOWN_SIZE: Size = { min: 0, max: Number.POSITIVE_INFINITY };

export function add(...sizes: readonly Size[]): Size {
  let [min, max] = [0, 0];
  for (const size of sizes) {
    min += size.min;
    max += size.max;
  }
  return { min, max };
}

export function times(a: Size, b: Size): Size {
  return { min: product(a.min, b.min), max: product(a.max, b.max) };
}

/** Nothing, however often, is nothing. */
function product(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}

/** Times a factor, rounded up. */
export function scaled(size: Size, factor: number): Size {
  return { min: Math.ceil(product(size.min, factor)), max: Math.ceil(product(size.max, factor)) };
}

/** The range that holds them all; of none, nothing. */
export function union(sizes: readonly Size[]): Size {
  if (sizes.length === 0) return { min: 0, max: 0 };
  return { min: Math.min(...sizes.map(({ min }) => min)), max: Math.max(...sizes.map(({ max }) => max)) };
}
