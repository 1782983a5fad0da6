import { isDeepStrictEqual } from "node:util";
import { type DeepReadonly, deepFreeze } from "@outrigger/kit/api";
import type { SchemaNode, Static, TSchema } from "@outrigger/kit/schema";
import { ConfigurationError } from "./error.ts";
import { judge } from "./judge.ts";
import type { ConfigurationSource, Reading } from "./source.ts";

export interface ConfigurationOptions<T extends TSchema> {
  /** `t.Object({ … })`, with defaults and rules. */
  readonly schema: T;
  /** Later ones win. */
  readonly sources: readonly ConfigurationSource[];
  /** Told of each new content that cannot be used, once; the last good value stays. Default: a line on standard error. */
  readonly onProblem?: (error: ConfigurationError) => void;
  /** Told at the start of what keeps a source from being followed. Default: a line on standard error. */
  readonly onWarning?: (warning: string) => void;
  /** Ends the following. */
  readonly signal?: AbortSignal;
}

export interface Configuration<V> {
  /** The last good value. */
  readonly value: V;
  /** Why the newest content is not in use; `undefined` where it is. */
  readonly problem: ConfigurationError | undefined;
  /** Calls back after each change, with the value and the one before. The returned function ends that. What the callback throws is reported as a problem. */
  onChange(callback: (now: V, before: V) => void): () => void;
  /** Reads all sources now. Resolves when the value is the newest, or the problem known. */
  refresh(): Promise<void>;
  /** Ends the following. */
  close(): void;
}

/**
 * Reads a configuration and follows it.
 *
 * @throws ConfigurationError where the first content cannot be used
 */
export async function configuration<T extends TSchema>({
  schema,
  sources,
  onProblem = (error) => console.error(`configuration not changed: ${error.message}`),
  onWarning = (warning) => console.error(warning),
  signal,
}: ConfigurationOptions<T>): Promise<Configuration<DeepReadonly<Static<T>>>> {
  type V = DeepReadonly<Static<T>>;
  const closing = new AbortController();
  const ended = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
  const callbacks = new Set<(now: V, before: V) => void>();
  let problem: ConfigurationError | undefined;
  const shape = schema as unknown as SchemaNode;
  const read = async (): Promise<unknown> => deepFreeze(judge(shape, await readAll(sources, shape)));
  let value = (await read()) as V;

  const fail = (error: ConfigurationError): void => {
    if (problem?.message !== error.message) onProblem(error);
    problem = error;
  };
  const once = async (): Promise<void> => {
    let next: V;
    try {
      next = (await read()) as V;
    } catch (error) {
      if (ended.aborted) return;
      fail(
        error instanceof ConfigurationError
          ? error
          : new ConfigurationError([{ source: "configuration", message: String(error) }], { cause: error }),
      );
      return;
    }
    if (ended.aborted) return;
    problem = undefined;
    if (isDeepStrictEqual(next, value)) return;
    const before = value;
    value = next;
    for (const callback of [...callbacks]) {
      try {
        callback(next, before);
      } catch (cause) {
        onProblem(new ConfigurationError([{ source: "onChange", message: (cause as Error).message ?? String(cause) }], { cause }));
      }
    }
  };
  // One reading at a time. A change during a reading may have come too late for it: one more follows.
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const refresh = (): Promise<void> => {
    if (!running) {
      running = once().finally(() => {
        running = undefined;
      });
      return running;
    }
    next ??= running.then(() => {
      next = undefined;
      return refresh();
    });
    return next;
  };
  for (const source of sources) {
    source.watch?.(() => void refresh(), ended);
    for (const warning of (await source.warnings?.()) ?? []) onWarning(warning);
  }
  return {
    get value() {
      return value;
    },
    get problem() {
      return problem;
    },
    onChange(callback) {
      callbacks.add(callback);
      return () => void callbacks.delete(callback);
    },
    refresh,
    close: () => closing.abort(),
  };
}

/** Every source is read, so that all their problems are told at once. */
async function readAll(sources: readonly ConfigurationSource[], schema: SchemaNode): Promise<[ConfigurationSource, Reading][]> {
  const results = await Promise.allSettled(sources.map((source) => source.read(schema)));
  const problems = results.flatMap((result, index) => {
    if (result.status === "fulfilled") return [];
    const { reason } = result as { reason: unknown };
    return reason instanceof ConfigurationError
      ? reason.problems
      : [{ source: sources[index]!.name, message: String((reason as Error)?.message ?? reason) }];
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
  return results.map((result, index) => [sources[index]!, (result as PromiseFulfilledResult<Reading>).value]);
}
