// What an injection did to a document, kept in the document: a comment, or, in JSON, an annotation.
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { type Found, nameOf, nodeAt, type Parsed, parsed, pods, withParts } from "./documents.ts";
import { isObject, type Json } from "./render.ts";
import { edits, type Rewritten, rewritten } from "./rewrite.ts";
import { inOrder, inverse, type Splice, spliced } from "./splice.ts";
import { type Undo, undone, undos } from "./undo.ts";

const COMMENT = "# outrigger inject: ";
export const JOURNAL_ANNOTATION = "outrigger.dev/inject-journal";

interface Journal {
  /** When it was injected: RFC 3339. */
  readonly time: string;
  /** Of the document's text without the journal. */
  readonly sha256: string;
  /** What undoes the edits of that text: place, length, what was there. */
  readonly edits: readonly (readonly [at: number, remove: number, insert: string])[];
  /** By names, for a text that was changed since. */
  readonly pods: readonly {
    readonly object: string;
    readonly namespace: string;
    readonly path: readonly string[];
    readonly undo: readonly Undo[];
  }[];
  /** In JSON: how many characters stand before and behind the annotation's value for its sake. */
  readonly around?: readonly [number, number];
  /** In JSON: what was made to hold the annotation. */
  readonly made?: "annotations" | "metadata";
}

export interface Changed {
  readonly found: Found;
  readonly pod: Json;
}

/** The document with these pods, and a journal of it. @throws Error when the text cannot be changed in place. */
export function injected(text: string, document: Parsed, changes: readonly Changed[], time: string): string {
  const target = withParts(
    document.value,
    changes.map(({ found, pod }) => [[...found.objectPath, ...found.podPath], pod]),
  );
  const journalOf = (plain: Rewritten): Journal => ({
    time,
    sha256: sha256(plain.text),
    edits: inverse(text, plain.splices).map(({ at, remove, insert }) => [at, remove, insert]),
    pods: changes.map(({ found, pod }) => ({
      object: nameOf(found.object),
      namespace: namespaceOf(found.object),
      path: found.podPath,
      undo: undos(found.pod, pod),
    })),
  });
  if (document.isJson !== true) return rewritten(text, document, target, (plain) => COMMENT + JSON.stringify(journalOf(plain))).text;
  const plain = rewritten(text, document, target);
  return withAnnotation(plain, journalOf(plain), changes[0]!.found);
}

function withAnnotation({ text }: Rewritten, journal: Journal, { objectPath }: Found): string {
  const document = parsed(text);
  const object = objectPath.reduce<unknown>((value, step) => (value as Json)[step], document.value) as Json;
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  const made = !isObject(object["metadata"]) ? "metadata" : isObject(metadata["annotations"]) ? undefined : "annotations";
  const whole = { ...journal, ...(made === undefined ? {} : { made }) } as const;
  const having = (value: string): unknown => {
    const annotations = { ...(isObject(metadata["annotations"]) ? metadata["annotations"] : {}), [JOURNAL_ANNOTATION]: value };
    return withParts(document.value, [[[...objectPath, "metadata"], { ...metadata, annotations }]]);
  };
  const probe = JSON.stringify(JSON.stringify(whole));
  const [{ insert, remove } = { insert: "", remove: 1 }, ...others] = edits(text, document, having(JSON.parse(probe) as string));
  const at = insert.indexOf(probe);
  // What cannot be taken back exactly by its place is taken back by names.
  const isExact = remove === 0 && others.length === 0 && at >= 0;
  const around = isExact ? { around: [at, insert.length - at - probe.length] } : {};
  return rewritten(text, document, having(JSON.stringify({ ...whole, ...around }))).text;
}

export function mayHaveJournal(text: string): boolean {
  return text.includes(COMMENT) || text.includes(JOURNAL_ANNOTATION);
}

export interface Restored {
  readonly text: string;
  /** The text is what it was, byte for byte. */
  readonly exact: boolean;
  /** What was injected and changed since, and so stays. */
  readonly left: readonly string[];
  readonly time: string;
  readonly objects: readonly string[];
}

/** The document as it was before the injection; `undefined` where it has no journal. */
export function restored(text: string): Restored | undefined {
  return fromComment(text) ?? (text.includes(JOURNAL_ANNOTATION) ? fromAnnotation(text) : undefined);
}

function fromComment(text: string): Restored | undefined {
  const found = [...text.matchAll(/^[ \t]*# outrigger inject: (\{.*\})[ \t]*$/gm)].at(-1);
  const journal = readJournal(found?.[1]);
  if (found === undefined || journal === undefined) return undefined;
  const [start, end] = [found.index, found.index + found[0].length];
  const before = text.slice(0, start);
  const behind = text.slice(end);
  // The line's end was written before it or behind it.
  const candidates = [before.replace(/\r?\n$/, "") + behind, before + behind.replace(/^\r?\n/, "")];
  return exactly(candidates, journal) ?? byNames(candidates[1]!, journal);
}

function fromAnnotation(text: string): Restored | undefined {
  const document = parsed(text);
  for (const { object, objectPath } of pods(document.value)) {
    const path = [...objectPath, "metadata", "annotations", JOURNAL_ANNOTATION];
    const node = nodeAt(document.document.contents, path);
    const journal = readJournal((node as { value?: unknown } | undefined)?.value);
    if (node === undefined || journal === undefined) continue;
    const [before, behind] = journal.around ?? [0, 0];
    const [start, end] = node.range!;
    const exact = journal.around === undefined ? undefined : exactly([text.slice(0, start - before) + text.slice(end + behind)], journal);
    if (exact) return exact;
    const { made } = journal;
    const undo: Undo[] = [{ path: ["metadata", "annotations", JOURNAL_ANNOTATION] }];
    if (made !== undefined) undo.push({ path: ["metadata", "annotations"], holder: true });
    if (made === "metadata") undo.push({ path: ["metadata"], holder: true });
    const target = withParts(document.value, [[objectPath, undone(object, undo).value]]);
    return byNames(rewritten(text, document, target).text, journal);
  }
  return undefined;
}

function exactly(candidates: readonly string[], journal: Journal): Restored | undefined {
  const same = candidates.find((candidate) => sha256(candidate) === journal.sha256);
  if (same === undefined) return undefined;
  const edits: Splice[] = journal.edits.map(([at, remove, insert]) => ({ at, remove, insert }));
  return {
    text: spliced(same, inOrder(edits)),
    exact: true,
    left: [],
    time: journal.time,
    objects: journal.pods.map(({ object }) => object),
  };
}

function byNames(text: string, journal: Journal): Restored {
  const document = parsed(text);
  const left: string[] = [];
  const objects: string[] = [];
  const parts: [(string | number)[], unknown][] = [];
  const todo = [...journal.pods];
  for (const { object, objectPath, podPath, pod } of pods(document.value)) {
    const index = todo.findIndex(
      (one) => one.object === nameOf(object) && one.namespace === namespaceOf(object) && isDeepStrictEqual(one.path, podPath),
    );
    const one = todo[index];
    if (one === undefined) continue;
    todo.splice(index, 1);
    const { value, left: kept } = undone(pod, one.undo);
    parts.push([[...objectPath, ...podPath], value]);
    objects.push(one.object);
    left.push(...kept.map((path) => `${one.object}: ${path} was changed since, and stays`));
  }
  left.push(...todo.map(({ object }) => `${object} is not there any more`));
  return { text: rewritten(text, document, withParts(document.value, parts)).text, exact: false, left, time: journal.time, objects };
}

function readJournal(text: unknown): Journal | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const journal = JSON.parse(text) as Journal;
    const isEdit = (edit: unknown): boolean =>
      Array.isArray(edit) && Number.isInteger(edit[0]) && Number.isInteger(edit[1]) && typeof edit[2] === "string";
    return typeof journal.sha256 === "string" && Array.isArray(journal.pods) && Array.isArray(journal.edits) && journal.edits.every(isEdit)
      ? journal
      : undefined;
  } catch {
    return undefined;
  }
}

function namespaceOf({ metadata }: Json): string {
  const namespace = isObject(metadata) ? metadata["namespace"] : undefined;
  return typeof namespace === "string" ? namespace : "";
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
