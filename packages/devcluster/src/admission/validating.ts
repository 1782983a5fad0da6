import type { AdmissionAttributes } from "../registry/index.ts";
import type { Candidate } from "./hooks.ts";
import { WebhookCalls, type WebhookParts } from "./webhook-calls.ts";

/**
 * Calls the webhooks of ValidatingWebhookConfigurations, all at once; of several refusals the first hook's counts.
 * After `k8s.io/apiserver/pkg/admission/plugin/webhook/validating`.
 */
export class ValidatingWebhooks {
  readonly #calls: WebhookCalls;

  constructor(parts: WebhookParts) {
    this.#calls = new WebhookCalls(parts, "validatingwebhookconfigurations");
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const candidates = this.#calls.candidates(attributes);
    if (candidates.length === 0) return;
    const forms = this.#calls.forms(attributes);
    const concerned: Candidate[] = [];
    for (const candidate of candidates) if (await this.#calls.concerns(candidate, attributes, forms)) concerned.push(candidate);
    const results = await Promise.allSettled(
      concerned.map((candidate, index) =>
        this.#calls.underPolicy(
          candidate.hook,
          async () => {
            await this.#calls.ask(candidate, attributes, await forms.of(candidate));
          },
          () => attributes.annotate?.(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, candidate.hook.name),
        ),
      ),
    );
    const refused = results.find((result) => result.status === "rejected");
    if (refused) throw refused.reason;
  }
}
