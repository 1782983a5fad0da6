/** A change of a text: `remove` characters at `at` give way to `insert`. */
export interface Splice {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

/** Splices by their places; those of one place stay in the order in which they were made, what is only inserted first. */
export function inOrder(splices: readonly Splice[]): Splice[] {
  return [...splices].sort((a, b) => a.at - b.at || Number(a.remove > 0) - Number(b.remove > 0));
}

/** @param splices in order, and none inside another. */
export function spliced(text: string, splices: readonly Splice[]): string {
  let result = "";
  let from = 0;
  for (const { at, remove, insert } of splices) {
    result += text.slice(from, at) + insert;
    from = at + remove;
  }
  return result + text.slice(from);
}

/** What undoes the splices, for the text that they gave. */
export function inverse(text: string, splices: readonly Splice[]): Splice[] {
  let moved = 0;
  return splices.map(({ at, remove, insert }) => {
    const back = { at: at + moved, remove: insert.length, insert: text.slice(at, at + remove) };
    moved += insert.length - remove;
    return back;
  });
}
