import type { Annotate } from "../registry/index.ts";
import { goJson } from "./go-json.ts";
import type { Hook } from "./hooks.ts";

const DOMAIN = "webhook.admission.k8s.io";

/** What one call of a mutating webhook leaves in the audit event of a request. */
export class MutationNotes {
  readonly #hook: Hook;
  readonly #where: string;
  readonly #annotate: Annotate | undefined;

  /** @param round 1 where the webhook is called once more */
  constructor(hook: Hook, round: 0 | 1, annotate: Annotate | undefined) {
    this.#hook = hook;
    this.#where = `round_${round}_index_${hook.place}`;
    this.#annotate = annotate;
  }

  called(mutated: boolean): void {
    const { configuration, name } = this.#hook;
    this.#annotate?.(`mutation.${DOMAIN}/${this.#where}`, goJson({ configuration, webhook: name, mutated }));
  }

  patched(operations: readonly unknown[]): void {
    if (!this.#annotate) return;
    const { configuration, name } = this.#hook;
    // Go writes the fields of an operation, which are a map there, in order.
    const patch = operations.map((operation) =>
      Object.fromEntries(Object.entries(operation as object).sort(([a], [b]) => (a < b ? -1 : 1))),
    );
    const value = goJson({ configuration, webhook: name, patch, patchType: "JSONPatch" });
    this.#annotate(`patch.${DOMAIN}/${this.#where}`, value, "Request");
  }

  failedOpen(): void {
    this.#annotate?.(`failed-open.mutation.${DOMAIN}/${this.#where}`, this.#hook.name);
  }
}
