import type { AdmissionAttributes, ClusterReader, Decide } from "../registry/index.ts";
import { ask } from "./ask.ts";
import { CallError } from "./call-error.ts";
import type { WebhookCaller } from "./caller.ts";
import { conditionsAllow } from "./conditions.ts";
import { VersionedForms } from "./forms.ts";
import { type Candidate, HookSet, type ServedVersions } from "./hooks.ts";
import { selects } from "./match.ts";
import { callFailed } from "./refusals.ts";

export interface WebhookParts {
  readonly reader: ClusterReader;
  readonly served: ServedVersions;
  readonly caller: WebhookCaller;
  readonly decide: Decide;
}

/** What calling mutating and validating webhooks has in common. */
export class WebhookCalls {
  readonly #parts: WebhookParts;
  readonly #hooks: HookSet;
  readonly #mutating: boolean;

  /** @param configurations the resource that lists the hooks */
  constructor(parts: WebhookParts, configurations: "mutatingwebhookconfigurations" | "validatingwebhookconfigurations") {
    this.#parts = parts;
    this.#mutating = configurations === "mutatingwebhookconfigurations";
    this.#hooks = new HookSet(parts.reader, parts.served, configurations);
  }

  /** The hooks whose rules name the request, in the order of their configurations; selectors are looked at later. */
  candidates(attributes: AdmissionAttributes): readonly Candidate[] {
    return this.#hooks.candidates(attributes);
  }

  forms(attributes: AdmissionAttributes): VersionedForms {
    return new VersionedForms(this.#parts.served, attributes);
  }

  /** Whether a candidate's selectors and conditions let the request through to it. */
  async concerns(candidate: Candidate, attributes: AdmissionAttributes, forms: VersionedForms): Promise<boolean> {
    if (!selects(candidate.hook, attributes, this.#parts.reader)) return false;
    return !candidate.hook.conditions || (await conditionsAllow(candidate, attributes, forms, this.#parts.decide));
  }

  ask(candidate: Candidate, attributes: AdmissionAttributes, forms: Awaited<ReturnType<VersionedForms["of"]>>): ReturnType<typeof ask> {
    return ask(this.#parts.caller, candidate, attributes, forms, this.#mutating);
  }

  /** Does `work`; a call that fails is what the hook's failurePolicy says: `failedOpen`, or a refusal. */
  async underPolicy(hook: Candidate["hook"], work: () => Promise<void>, failedOpen: () => void): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (!hook.ignoreFailure) throw callFailed(hook, error.message);
      failedOpen();
    }
  }
}
