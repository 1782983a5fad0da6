import type { LabelSelector } from "@outrigger/kit/api";
import { type ScopeEntry, type ScopeRule, webhookScope } from "./scope.ts";

export interface LastingScopeOptions {
  /** Namespaces whose pods are never sent. */
  readonly excluded: readonly string[];
  /** Pods of namespaces that it does not select are not sent either. Default: it selects every namespace. */
  readonly namespaceSelector?: LabelSelector | undefined;
  /** How long a rule that went away stays in the scope, in milliseconds. Default 30,000. */
  readonly narrowAfterMs?: number;
  /** Called when time has changed the entries. */
  readonly changed: () => void;
}

/**
 * The scope of the webhook for pods, over time.
 *
 * Guarantees
 * - A new rule is in it at once. A rule that went away leaves after a delay, so that one that is taken away and put back
 *   leaves no gap.
 * - Rules come from the API server alone: from caches, never from a review.
 */
export class LastingScope {
  readonly #options: LastingScopeOptions;
  /** Rules in the scope, with the time after which one that went away may leave. */
  readonly #rules = new Map<string, { readonly rule: ScopeRule; until: number | undefined }>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** All pods, in one entry for each policy: the API server did not take what was narrower. */
  #coarse = false;

  constructor(options: LastingScopeOptions) {
    this.#options = options;
  }

  /** The rules as they are now. */
  set(rules: readonly ScopeRule[]): void {
    const next = new Map(rules.map((rule) => [identity(rule), rule]));
    const until = performance.now() + (this.#options.narrowAfterMs ?? 30_000);
    for (const [key, entry] of this.#rules) if (!next.has(key)) entry.until ??= until;
    for (const [key, rule] of next) {
      if (!this.#rules.has(key)) this.#coarse = false;
      this.#rules.set(key, { rule, until: undefined });
    }
    this.#wakeLater();
  }

  entries(): ScopeEntry[] {
    const now = performance.now();
    for (const [key, { until }] of this.#rules) if (until !== undefined && until <= now) this.#rules.delete(key);
    return this.#entries(Array.from(this.#rules.values(), ({ rule }) => rule));
  }

  /** Whether every pod that the rule can match reaches us already. */
  covers(rule: ScopeRule): boolean {
    const rules = Array.from(this.#rules.values(), (entry) => entry.rule);
    return JSON.stringify(this.#entries([...rules, rule])) === JSON.stringify(this.#entries(rules));
  }

  /** From now until the rules change, entries say nothing that an API server could refuse. False where that is so already. */
  coarsen(): boolean {
    const before = this.#coarse;
    this.#coarse = true;
    return !before;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #entries(rules: readonly ScopeRule[]): ScopeEntry[] {
    const said = this.#coarse ? rules.map(({ rule, failurePolicy }): ScopeRule => ({ rule, failurePolicy })) : rules;
    return webhookScope(said, this.#options.excluded, this.#options.namespaceSelector);
  }

  #wakeLater(): void {
    clearTimeout(this.#timer);
    const next = Math.min(...Array.from(this.#rules.values(), ({ until }) => until ?? Number.POSITIVE_INFINITY));
    if (this.#stopped || !Number.isFinite(next)) return;
    this.#timer = setTimeout(
      () => {
        this.#options.changed();
        this.#wakeLater();
      },
      Math.max(0, next - performance.now()) + 1,
    ).unref();
  }
}

/** A rule whose selectors changed is another rule to the scope. */
function identity(rule: ScopeRule): string {
  return JSON.stringify(rule);
}
