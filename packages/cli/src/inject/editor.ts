import { isDeepStrictEqual } from "node:util";
import { type CST, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from "yaml";
import { aligned } from "./align.ts";
import { block, flow, isObject, type Json } from "./render.ts";
import type { Splice } from "./splice.ts";

/** Where a node stands. */
interface Place {
  /** Behind the colon of the key whose value it is. */
  readonly colon?: number;
  readonly inFlow: boolean;
  /** Column of the map around it. */
  readonly column: number;
}

interface End {
  readonly at: number;
  /** Behind a block scalar `at` is where the next line starts. */
  readonly nextLine: boolean;
}

/**
 * Edits of the text of one YAML document: what must change for a node to have another value, and nothing else.
 *
 * The document must be parsed with `keepSourceTokens`. An alias that must change is written out. An edit inside of an anchored
 * node reaches its aliases too: whoever edits looks at the value of the result.
 */
export class Editor {
  readonly splices: Splice[] = [];
  readonly #text: string;
  readonly #eol: string;
  readonly #newlines: readonly number[];

  constructor(text: string) {
    this.#text = text;
    this.#eol = /\r?\n/.exec(text)?.[0] ?? "\n";
    const newlines: number[] = [];
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) newlines.push(at);
    this.#newlines = newlines;
  }

  change(node: Node | null, before: unknown, after: unknown, place: Place = { inFlow: false, column: 0 }): void {
    if (isDeepStrictEqual(before, after)) return;
    if (isMap(node) && isObject(before) && isObject(after)) this.#map(node, before, after, place);
    else if (isSeq(node) && Array.isArray(before) && Array.isArray(after)) this.#list(node, before, after, place);
    else this.#replace(node, after, place);
  }

  /** Writes a line behind everything else of the document. @returns whether it stands behind a block scalar. */
  line(root: Node, text: string): boolean {
    const end = this.#end(root);
    this.#insertLines(end, text);
    return end.nextLine;
  }

  #map(node: YAMLMap, before: Json, after: Json, place: Place): void {
    const pairs = new Map(node.items.map((pair) => [keyOf(pair), pair]));
    const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
    const kept = node.items.filter((pair) => Object.hasOwn(after, keyOf(pair)) || keyOf(pair) === "<<");
    const isFlow = tokenOf(node)?.type === "flow-collection";
    if (gone.some((key) => !pairs.has(key) || !this.#startsLine(pairs.get(key)!, isFlow)) || (gone.length > 0 && kept.length === 0)) {
      this.#replace(node, after, place);
      return;
    }
    const column = (tokenOf(node) as { indent?: number } | undefined)?.indent ?? place.column;
    for (const pair of kept) {
      const key = keyOf(pair);
      if (!Object.hasOwn(after, key)) continue;
      const colon = colonOf(pair);
      this.change(pair.value as Node | null, before[key], after[key], {
        inFlow: isFlow,
        column,
        ...(colon === undefined ? {} : { colon }),
      });
    }
    const added = Object.keys(after).filter((key) => !pairs.has(key));
    const entries = Object.fromEntries(added.map((key) => [key, after[key]]));
    if (isFlow) {
      this.#removeFlow(
        node.items,
        gone.map((key) => node.items.indexOf(pairs.get(key)!)),
      );
      const texts = added.map((key) => `${flow(key)}: `);
      if (added.length > 0)
        this.#insertFlow(
          node,
          kept.at(-1),
          texts.map((text, index) => [text, after[added[index]!]]),
        );
      return;
    }
    for (const key of gone) this.#removeLines((pairs.get(key)!.key as Node).range![0], this.#pairEnd(pairs.get(key)!));
    if (added.length > 0) this.#insertLines(this.#pairEnd(kept.at(-1)!), block(entries, column, this.#indentsLists(node), this.#eol));
  }

  #list(node: YAMLSeq, before: readonly unknown[], after: readonly unknown[], place: Place): void {
    const named = aligned(before, after);
    // As many as before: each is in the place of the one that was there.
    const places = named.includes(-1) && before.length === after.length ? [...before.keys()] : named;
    const items = node.items as (Node | null)[];
    if (tokenOf(node)?.type === "flow-collection") {
      this.#flowList(node, before, after, places, place);
      return;
    }
    const token = tokenOf(node) as CST.BlockSequence;
    const dashes = token.items.flatMap(({ start }) => start.find(({ type }) => type === "seq-item-ind")?.offset ?? []);
    const first = dashes[0] ?? 0;
    const startsLine = dashes.every((dash) => this.#isBlank(this.#lineStart(dash), dash));
    const removes = places.includes(-1);
    if (
      places.every((at) => at < 0) ||
      (removes && !startsLine) ||
      (place.colon === undefined && places[0] !== 0) ||
      dashes.length !== items.length
    ) {
      this.#replace(node, after, place);
      return;
    }
    const column = first - this.#lineStart(first) === token.indent ? token.indent : this.#column(first);
    const inserted = (from: number, to: number): string => block(after.slice(from, to), column, true, this.#eol);
    let at = 0;
    let behind: End | undefined;
    places.forEach((to, index) => {
      const end = this.#itemEnd(node, index, dashes[index]!);
      if (to < 0) {
        this.#removeLines(dashes[index]!, end);
        return;
      }
      if (to > at) this.#insertLines(behind ?? { at: place.colon!, nextLine: false }, inserted(at, to));
      this.change(items[index] ?? null, before[index], after[to], { inFlow: false, column });
      at = to + 1;
      behind = end;
    });
    if (at < after.length) this.#insertLines(behind!, inserted(at, after.length));
  }

  #flowList(node: YAMLSeq, before: readonly unknown[], after: readonly unknown[], places: readonly number[], place: Place): void {
    const items = node.items as Node[];
    const lastKept = places.findLastIndex((to) => to >= 0);
    // Entries between others, or in the place of others, are rare in flow style: the list is written anew.
    const between = places.some((to, index) => to >= 0 && index > 0 && places[index - 1]! >= 0 && to > places[index - 1]! + 1);
    if (between || (places.includes(-1) && after.length !== places.filter((to) => to >= 0).length) || (items.length > 0 && lastKept < 0)) {
      this.#replace(node, after, place);
      return;
    }
    items.forEach((item, index) => {
      if (places[index]! >= 0) this.change(item, before[index], after[places[index]!], { inFlow: true, column: place.column });
    });
    this.#removeFlow(
      items,
      places.flatMap((to, index) => (to < 0 ? [index] : [])),
    );
    const front = lastKept < 0 ? 0 : (places.find((to) => to >= 0) ?? 0);
    const firstItem = items[0];
    if (front > 0 && firstItem) {
      const values = after.slice(0, front);
      this.splices.push({ at: firstItem.range![0], remove: 0, insert: values.map((value) => `${flow(value)}, `).join("") });
    }
    const rest = after.slice(lastKept < 0 ? 0 : places[lastKept]! + 1);
    if (rest.length > 0)
      this.#insertFlow(
        node,
        items[lastKept],
        rest.map((value) => ["", value]),
      );
  }

  /** Puts entries behind the last one of a flow collection, in lines of their own where the others have them. */
  #insertFlow(node: YAMLMap | YAMLSeq, last: Pair | Node | undefined, entries: readonly (readonly [key: string, value: unknown])[]): void {
    const open = node.range![0] + 1;
    if (last === undefined) {
      this.splices.push({ at: open, remove: 0, insert: entries.map(([key, value]) => key + flow(value)).join(", ") });
      return;
    }
    const [start, at] = isPair(last) ? [(last.key as Node).range![0], this.#pairEnd(last).at] : [last.range![0], last.range![1]];
    const lineStart = this.#lineStart(start);
    const ownLine = lineStart > open && this.#isBlank(lineStart, start);
    const margin = this.#text.slice(lineStart, start);
    const insert = entries.map(([key, value]) =>
      ownLine
        ? `,${this.#eol}${margin}${key}${JSON.stringify(value, null, 2).replaceAll("\n", this.#eol + margin)}`
        : `, ${key}${flow(value)}`,
    );
    this.splices.push({ at, remove: 0, insert: insert.join("") });
  }

  /** Takes entries out of a flow collection, neighbours together, each with the comma that would be too many. */
  #removeFlow(items: readonly unknown[], gone: readonly number[]): void {
    const start = (item: unknown): number => (isPair(item) ? (item.key as Node).range![0] : (item as Node).range![0]);
    const end = (item: unknown): number => (isPair(item) ? this.#pairEnd(item).at : (item as Node).range![1]);
    for (const index of gone) {
      if (gone.includes(index - 1)) continue;
      let last = index;
      while (gone.includes(last + 1)) last++;
      const from = index > 0 ? end(items[index - 1]) : start(items[0]);
      const to = index > 0 || last + 1 >= items.length ? end(items[last]) : start(items[last + 1]);
      this.splices.push({ at: from, remove: to - from, insert: "" });
    }
  }

  #replace(node: Node | null, after: unknown, { colon }: Place): void {
    const text = flow(after);
    const token = tokenOf(node);
    if (node === null || node.range == null || token === undefined) {
      const at = colon ?? node?.range?.[0];
      if (at === undefined) throw new RangeError("a node without a place in the text cannot be changed");
      this.splices.push({ at, remove: 0, insert: ` ${text}` });
      return;
    }
    const end = this.#end(node);
    if (token.type === "block-map" || token.type === "block-seq") {
      const from = colon ?? node.range[0];
      const to = end.nextLine && this.#text[end.at - 1] === "\n" ? end.at - 1 : end.at;
      this.splices.push({ at: from, remove: to - from, insert: colon === undefined ? text : ` ${text}` });
      return;
    }
    const keepEnd = end.nextLine && this.#text[end.at - 1] === "\n" ? this.#eol : "";
    this.splices.push({ at: node.range[0], remove: end.at - node.range[0], insert: text + keepEnd });
  }

  #insertLines({ at, nextLine }: End, lines: string): void {
    if (nextLine && this.#text[at - 1] === "\n") this.splices.push({ at, remove: 0, insert: lines + this.#eol });
    else this.splices.push({ at: this.#lineEnd(at), remove: 0, insert: this.#eol + lines });
  }

  #removeLines(from: number, { at, nextLine }: End): void {
    const start = this.#lineStart(from);
    const newline = this.#text.indexOf("\n", at);
    const end = nextLine && this.#text[at - 1] === "\n" ? at : newline < 0 ? this.#text.length : newline + 1;
    // The last line of a text that does not end with one: the end before it goes.
    const back = newline < 0 && end === this.#text.length && start > 0 && this.#text[end - 1] !== "\n" ? this.#beforeLine(start) : start;
    this.splices.push({ at: back, remove: end - back, insert: "" });
  }

  #beforeLine(start: number): number {
    return this.#text[start - 2] === "\r" ? start - 2 : start - 1;
  }

  #end(node: Node | null): End {
    if (node === null) return { at: 0, nextLine: false };
    const token = tokenOf(node);
    if (isMap(node) && token?.type === "block-map" && node.items.length > 0) return this.#pairEnd(node.items.at(-1)!);
    if (isSeq(node) && token?.type === "block-seq" && node.items.length > 0) {
      const dashes = (token as CST.BlockSequence).items.flatMap(
        ({ start }) => start.find(({ type }) => type === "seq-item-ind")?.offset ?? [],
      );
      return this.#itemEnd(node, node.items.length - 1, dashes.at(-1) ?? node.range![0]);
    }
    return { at: node.range![1], nextLine: token?.type === "block-scalar" };
  }

  #itemEnd(node: YAMLSeq, index: number, dash: number): End {
    const item = node.items[index] as Node | null;
    return item === null || tokenOf(item) === undefined ? { at: dash + 1, nextLine: false } : this.#end(item);
  }

  #pairEnd(pair: Pair): End {
    const value = pair.value as Node | null;
    if (value !== null && tokenOf(value) !== undefined) return this.#end(value);
    return { at: colonOf(pair) ?? (pair.key as Node).range![1], nextLine: false };
  }

  #startsLine(pair: Pair, isFlow: boolean): boolean {
    const start = (pair.key as Node).range![0];
    return isFlow || this.#isBlank(this.#lineStart(start), start);
  }

  /** Whether the map writes its lists further in than their keys; new ones follow it. */
  #indentsLists(node: YAMLMap): boolean {
    for (const { value } of node.items) {
      const token = isSeq(value) ? tokenOf(value) : undefined;
      if (token?.type === "block-seq") return token.indent > ((tokenOf(node) as { indent?: number }).indent ?? 0);
    }
    return true;
  }

  /** By halves: a line can be the whole text, as that of a program's JSON. */
  #lineStart(at: number): number {
    let [low, high] = [0, this.#newlines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#newlines[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#newlines[low - 1]! + 1;
  }
  #lineEnd(at: number): number {
    const newline = this.#text.indexOf("\n", at);
    if (newline < 0) return this.#text.length;
    return this.#text[newline - 1] === "\r" && newline > at ? newline - 1 : newline;
  }
  #column(at: number): number {
    return at - this.#lineStart(at);
  }
  #isBlank(from: number, to: number): boolean {
    for (let at = from; at < to; at++) if (this.#text[at]!.trim() !== "") return false;
    return true;
  }
}

function isPair(item: unknown): item is Pair {
  return typeof item === "object" && item !== null && "key" in item;
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : isAlias(key) ? `*${key.source}` : "";
}

function tokenOf(node: Node | null): CST.Token | undefined {
  return node?.srcToken;
}

/** Where the text behind a pair's colon starts. */
function colonOf(pair: Pair): number | undefined {
  const { sep } = (pair.srcToken ?? {}) as CST.CollectionItem;
  const colon = sep?.find(({ type }) => type === "map-value-ind");
  return colon === undefined ? undefined : colon.offset + 1;
}
