import type { Reason, Rules } from "@outrigger/operator";
import { CliError } from "../errors.ts";
import { type Decided, decideFound, type Namespaces } from "./decide.ts";
import { chunks, type Found, nameOf, type Parsed, parsed, pods } from "./documents.ts";
import { type Changed, injected, mayHaveJournal, restored } from "./journal.ts";

/** A pod, or a template of pods, that was looked at. */
export interface Outcome {
  readonly found: Found;
  readonly decided: Decided;
}

export interface Result {
  readonly text: string;
  readonly outcomes: readonly Outcome[];
}

export interface Injection {
  readonly rules: Rules;
  readonly namespaces: Namespaces;
  readonly now: string;
  readonly everyRule: boolean;
}

/** Without this word no document has a pod, and none is parsed. */
const WORD = "containers";

/**
 * The text of a file with what the rules put into its pods.
 *
 * - Documents without pods, and pods that no rule touches, stay byte for byte.
 * - What an earlier call injected is taken back first: the result is that of the rules of today, and a second call changes nothing.
 *
 * @throws CliError for a document that cannot be read, and for a pod that the rules refuse. Nothing is injected then.
 */
export function injectText(file: string, text: string, injection: Injection): Result {
  const outcomes: Outcome[] = [];
  let line = 0;
  const results = chunks(text).map((chunk) => {
    const place = (error: unknown): CliError => placed(file, line, error);
    const result = injectChunk(file, chunk, injection, place);
    line += chunk.split("\n").length - 1;
    outcomes.push(...result.outcomes);
    return result.text;
  });
  return { text: results.join(""), outcomes };
}

function injectChunk(file: string, chunk: string, injection: Injection, place: (error: unknown) => CliError): Result {
  if (!chunk.includes(WORD)) return { text: chunk, outcomes: [] };
  try {
    const earlier = mayHaveJournal(chunk) ? restored(chunk) : undefined;
    const base = earlier?.text ?? chunk;
    const document = parsed(base);
    const found = pods(document.value);
    const at = (now: string): Result => decideAll(file, base, document, found, { ...injection, now });
    if (earlier === undefined) return at(injection.now);
    // The time stands in annotations: while nothing else is new it stays.
    const again = at(earlier.time);
    return again.text === chunk ? again : at(injection.now);
  } catch (error) {
    throw place(error);
  }
}

function decideAll(file: string, text: string, document: Parsed, found: readonly Found[], injection: Injection): Result {
  const outcomes: Outcome[] = [];
  const changes: Changed[] = [];
  for (const one of found) {
    const decided = decideFound(one, injection.rules, injection.namespaces, { now: injection.now, everyRule: injection.everyRule });
    if (decided === undefined) continue;
    if (decided.refusal) throw new CliError(`${file}: ${nameOf(one.object)}: ${decided.refusal.message}`);
    outcomes.push({ found: one, decided });
    if (decided.patch.length > 0) changes.push({ found: one, pod: decided.injected });
  }
  return { text: changes.length === 0 ? text : injected(text, document, changes, injection.now), outcomes };
}

export interface Uninjected {
  readonly text: string;
  /** What was found: for people. */
  readonly notes: readonly string[];
  readonly documents: number;
}

/** The text of a file without what `injectText` put into it. @throws CliError for a document that cannot be read. */
export function uninjectText(file: string, text: string): Uninjected {
  const notes: string[] = [];
  let line = 0;
  let documents = 0;
  const results = chunks(text).map((chunk) => {
    const from = line;
    line += chunk.split("\n").length - 1;
    if (!mayHaveJournal(chunk)) return chunk;
    try {
      const back = restored(chunk);
      if (back === undefined) return chunk;
      documents++;
      if (!back.exact) notes.push(`${file}: ${back.objects.join(", ")} was edited since the injection: taken out by names`);
      notes.push(...back.left.map((note) => `${file}: ${note}`));
      return back.text;
    } catch (error) {
      throw placed(file, from, error);
    }
  });
  return { text: results.join(""), notes, documents };
}

function placed(file: string, line: number, error: unknown): CliError {
  if (error instanceof CliError) return error;
  const message = (error as Error).message.replace(/\bat line (\d+)/, (_, inChunk: string) => `at line ${line + Number(inChunk)}`);
  return new CliError(`${file}${/at line/.test(message) ? "" : `: document at line ${line + 1}`}: ${message}`, { cause: error });
}

/** Whether a rule had to do with the pod. */
export function isMatch({ action }: Reason): boolean {
  return action === "applied" || action === "unchanged";
}
