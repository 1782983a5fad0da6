/**
 * The text made last of a list of parts that come again: the very same string, so that whoever writes it out can know it
 * again. It is found by the first part, and goes with it.
 */
export class LastText<Part extends object> {
  readonly #last = new WeakMap<Part, { readonly parts: readonly Part[]; readonly variant: string; readonly text: string }>();

  /** @param variant what else `make` depends on */
  of(parts: readonly Part[], variant: string, make: () => string): string {
    const [leader] = parts;
    if (leader === undefined) return make();
    const last = this.#last.get(leader);
    if (last?.variant === variant && same(last.parts, parts)) return last.text;
    const text = make();
    this.#last.set(leader, { parts, variant, text });
    return text;
  }
}

function same(before: readonly object[], now: readonly object[]): boolean {
  if (before.length !== now.length) return false;
  for (let index = 0; index < now.length; index++) if (before[index] !== now[index]) return false;
  return true;
}
