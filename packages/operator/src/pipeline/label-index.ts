import type { LabelSelector } from "@outrigger/kit/api";
import { indexTerm } from "./selector.ts";

/**
 * Finds the rules that a pod's labels can match without asking each rule. A rule stands under one label that its
 * selector demands; rules that demand none are candidates for every pod.
 *
 * Guarantee: `candidates` gives every rule whose selector matches, in the rules' order, none twice.
 */
export class LabelIndex {
  readonly #byLabel = new Map<string, Map<string, number[]>>();
  readonly #always: number[] = [];

  constructor(selectors: readonly (LabelSelector | undefined)[]) {
    selectors.forEach((selector, position) => {
      const term = indexTerm(selector);
      if (term === undefined) {
        this.#always.push(position);
        return;
      }
      let byValue = this.#byLabel.get(term.key);
      if (byValue === undefined) {
        byValue = new Map();
        this.#byLabel.set(term.key, byValue);
      }
      for (const value of new Set(term.values)) {
        const positions = byValue.get(value);
        if (positions === undefined) byValue.set(value, [position]);
        else positions.push(position);
      }
    });
  }

  /** Positions of the rules that may match, ascending. */
  candidates(labels: Readonly<Record<string, string>>): readonly number[] {
    let found: number[] | undefined;
    let merged = this.#always as readonly number[];
    for (const key in labels) {
      const positions = this.#byLabel.get(key)?.get(labels[key]!);
      if (positions === undefined) continue;
      if (merged.length === 0) merged = positions;
      else {
        found ??= [...merged];
        found.push(...positions);
        merged = found;
      }
    }
    return found === undefined ? merged : found.sort((a, b) => a - b);
  }
}
