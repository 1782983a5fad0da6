import type { AdmissionAttributes, ClusterReader } from "../registry/index.ts";
import { type AuditSink, ask } from "./ask.ts";
import { CallError } from "./call-error.ts";
import type { WebhookCaller } from "./caller.ts";
import { conditionsAllow } from "./conditions.ts";
import { VersionedForms } from "./forms.ts";
import { type Candidate, HookSet, type ServedVersions } from "./hooks.ts";
import { selects } from "./match.ts";
import { callFailed } from "./refusals.ts";

/**
 * Calls the webhooks of ValidatingWebhookConfigurations, all at once; of several refusals the first hook's counts.
 * After `k8s.io/apiserver/pkg/admission/plugin/webhook/validating`.
 */
export class ValidatingWebhooks {
  readonly #reader: ClusterReader;
  readonly #served: ServedVersions;
  readonly #caller: WebhookCaller;
  readonly #audit: AuditSink | undefined;
  readonly #hooks: HookSet;

  constructor(reader: ClusterReader, served: ServedVersions, caller: WebhookCaller, audit?: AuditSink) {
    this.#reader = reader;
    this.#served = served;
    this.#caller = caller;
    this.#audit = audit;
    this.#hooks = new HookSet(reader, served, "validatingwebhookconfigurations");
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const candidates = this.#hooks.candidates(attributes);
    if (candidates.length === 0) return;
    const versions = new VersionedForms(this.#served, attributes);
    const concerned: Candidate[] = [];
    for (const candidate of candidates) {
      if (!selects(candidate.hook, attributes, this.#reader)) continue;
      if (candidate.hook.conditions && !(await conditionsAllow(candidate, attributes, versions))) continue;
      concerned.push(candidate);
    }
    const results = await Promise.allSettled(concerned.map((candidate) => this.#call(candidate, attributes, versions)));
    const refused = results.find((result) => result.status === "rejected");
    if (refused) throw refused.reason;
  }

  async #call(candidate: Candidate, attributes: AdmissionAttributes, versions: VersionedForms): Promise<void> {
    try {
      await ask(this.#caller, candidate, attributes, await versions.of(candidate), false, this.#audit);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (!candidate.hook.ignoreFailure) throw callFailed(candidate.hook, error.message);
    }
  }
}
