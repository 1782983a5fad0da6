import type { LabelSelector } from "@outrigger/kit/api";
import type { Client } from "@outrigger/kit/client";
import { MutatingWebhookConfiguration } from "@outrigger/kit/kinds";
import type { WebhookTarget } from "@outrigger/kit/webhook";
import { podConfiguration } from "./configuration.ts";
import { type ScopeRule, webhookScope } from "./scope.ts";

export interface ScopeKeeperOptions {
  readonly client: Client;
  /** Where pods are sent, with the authority of our serving certificate; read at each write, since it rotates. */
  readonly webhook: () => WebhookTarget;
  /** Namespaces whose pods are never sent. */
  readonly excluded: readonly string[];
  /** Pods of namespaces that it does not select are not sent either. Default: it selects every namespace. */
  readonly namespaceSelector?: LabelSelector | undefined;
  /** How long a rule that went away stays in the scope, in milliseconds. Default 30,000. */
  readonly narrowAfterMs?: number;
  readonly report: (line: string) => void;
}

/**
 * Keeps the webhook configuration for pods as wide as the rules need.
 *
 * Guarantees
 * - Widening is written before `cover` resolves; narrowing follows after a delay, so that a rule that is taken away and
 *   put back does not open a gap.
 * - One write at a time, and none where nothing changed.
 * - A write that fails is tried again.
 */
export class ScopeKeeper {
  readonly #options: ScopeKeeperOptions;
  /** Rules in the scope, with the time after which one that went away may leave. */
  readonly #rules = new Map<string, { rule: ScopeRule; until: number | undefined }>();
  #written = "";
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ScopeKeeperOptions) {
    this.#options = options;
  }

  /** Makes the scope that of `rules`: what is new at once, what is gone after the delay. Resolves when it is written. */
  set(rules: readonly ScopeRule[]): Promise<void> {
    const now = performance.now();
    const narrowAfter = this.#options.narrowAfterMs ?? 30_000;
    const next = new Map(rules.map((rule) => [identity(rule), rule]));
    for (const [key, entry] of this.#rules) if (!next.has(key)) entry.until ??= now + narrowAfter;
    for (const [key, rule] of next) this.#rules.set(key, { rule, until: undefined });
    return this.#write();
  }

  /** Widens the scope by one rule that is about to be made. Resolves when it is written. */
  cover(rule: ScopeRule): Promise<void> {
    const key = identity(rule);
    // Should the rule never come, it leaves as one that went away.
    if (!this.#rules.has(key)) this.#rules.set(key, { rule, until: performance.now() + (this.#options.narrowAfterMs ?? 30_000) });
    return this.#write();
  }

  /** Writes the configuration again, as after a rotation of the certificate. */
  rewrite(): Promise<void> {
    this.#written = "";
    return this.#write();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#writing.catch(() => {});
  }

  #write(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#writeOnce());
    return this.#writing;
  }

  async #writeOnce(): Promise<void> {
    if (this.#stopped) return;
    const now = performance.now();
    for (const [key, { until }] of this.#rules) if (until !== undefined && until <= now) this.#rules.delete(key);
    const { excluded, namespaceSelector, webhook } = this.#options;
    const entries = webhookScope(
      [...this.#rules.values()].map(({ rule }) => rule),
      excluded,
      namespaceSelector,
    );
    const configuration = podConfiguration(entries, webhook(), excluded);
    const text = JSON.stringify(configuration);
    if (text !== this.#written) {
      try {
        await this.#options.client.apply(MutatingWebhookConfiguration, configuration as never, {
          force: true,
          fieldManager: "outrigger-manager",
        });
        this.#written = text;
      } catch (error) {
        this.#options.report(`the webhook configuration could not be written: ${(error as Error).message}; trying again`);
        this.#again(1000);
        throw error;
      }
    }
    const next = Math.min(...[...this.#rules.values()].map(({ until }) => until ?? Number.POSITIVE_INFINITY));
    if (Number.isFinite(next)) this.#again(next - now);
  }

  #again(afterMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#write().catch(() => {}), Math.max(0, afterMs));
    this.#timer.unref();
  }
}

/** A rule whose selectors changed is another rule to the scope. */
function identity(rule: ScopeRule): string {
  return JSON.stringify(rule);
}
