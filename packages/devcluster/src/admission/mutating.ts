import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { applyJsonPatch } from "@outrigger/machinery/patch";
import type { AdmissionAttributes } from "../registry/index.ts";
import { internal } from "../registry/index.ts";
import { CallError, jsonWords } from "./call-error.ts";
import type { VersionedForms } from "./forms.ts";
import type { Candidate } from "./hooks.ts";
import { MutationNotes } from "./mutation-notes.ts";
import { WebhookCalls, type WebhookParts } from "./webhook-calls.ts";

/** What one request remembers between the two rounds of its mutating webhooks. */
export class Reinvocation {
  /** Hooks that were called and want to hear of later changes. */
  #called = new Set<string>();
  /** Of those, the ones that a later change concerns. */
  readonly #due = new Set<string>();
  #output: KubeObject | undefined;
  second = false;
  /** A webhook changed the object: the chain runs once more. */
  needed = false;

  changed(): void {
    for (const uid of this.#called) this.#due.add(uid);
    this.#called = new Set();
  }
  wasCalled(uid: string): void {
    this.#called.add(uid);
  }
  isDue(uid: string): boolean {
    return this.#due.has(uid);
  }
  begin(object: KubeObject | undefined): void {
    // The built-in plug-ins, which ran before, changed what the webhooks had left.
    if (this.second && !isDeepStrictEqual(this.#output, object)) this.changed();
  }
  end(object: KubeObject | undefined): void {
    this.#output = object;
  }
}

/**
 * Calls the webhooks of MutatingWebhookConfigurations, one after the other, by configuration name and then as written.
 * After `k8s.io/apiserver/pkg/admission/plugin/webhook/mutating`.
 */
export class MutatingWebhooks {
  readonly #calls: WebhookCalls;

  constructor(parts: WebhookParts) {
    this.#calls = new WebhookCalls(parts, "mutatingwebhookconfigurations");
  }

  async admit(attributes: AdmissionAttributes, reinvocation: Reinvocation): Promise<void> {
    const candidates = this.#calls.candidates(attributes);
    if (candidates.length === 0) return;
    reinvocation.begin(attributes.object);
    const forms = this.#calls.forms(attributes);
    for (const candidate of candidates) {
      const { hook } = candidate;
      if (!(await this.#calls.concerns(candidate, attributes, forms))) continue;
      // In the second round no hook is called for the first time, even if its selectors match only now.
      if (reinvocation.second && !reinvocation.isDue(hook.uid)) continue;
      const notes = new MutationNotes(hook, reinvocation.second ? 1 : 0, attributes.annotate);
      const call = async (): Promise<void> => {
        let mutated = false;
        try {
          mutated = await this.#call(candidate, attributes, forms, notes);
        } finally {
          notes.called(mutated);
        }
        if (!mutated) return;
        reinvocation.changed();
        reinvocation.needed = true;
      };
      await this.#calls.underPolicy(hook, call, () => notes.failedOpen());
      if (hook.reinvoked) reinvocation.wasCalled(hook.uid);
    }
    reinvocation.end(attributes.object);
  }

  /** Whether the webhook changed the object. */
  async #call(candidate: Candidate, attributes: AdmissionAttributes, versions: VersionedForms, notes: MutationNotes): Promise<boolean> {
    const { hook } = candidate;
    const forms = await versions.of(candidate);
    const answer = await this.#calls.ask(candidate, attributes, forms);
    if (answer.patch === "") return false;
    const operations = readPatch(answer.patch);
    if (operations.length === 0) return false;
    if (forms.object === undefined) {
      throw internal(
        `admission webhook ${JSON.stringify(hook.name)} attempted to modify the object, which is not supported for this operation`,
      );
    }
    if (answer.patchType !== "JSONPatch") throw new CallError(`unsupported patch type ${JSON.stringify(answer.patchType)}`);
    const patched = apply(forms.object, operations);
    const before = attributes.object;
    attributes.object = await versions.back(candidate, patched);
    notes.patched(operations);
    return !isDeepStrictEqual(before, attributes.object);
  }
}

function readPatch(text: string): readonly unknown[] {
  const undecodable = (words: string): CallError => new CallError(`received undecodable patch in webhook response: ${words}`);
  let operations: unknown;
  try {
    operations = JSON.parse(text);
  } catch (error) {
    throw undecodable(jsonWords(error));
  }
  if (!Array.isArray(operations)) throw undecodable(`json: cannot unmarshal ${typeof operations} into Go value of type jsonpatch.Patch`);
  return operations;
}

/** The patched object, sharing nothing with the one that may be stored: it is pruned and defaulted in place. */
function apply(object: KubeObject, operations: readonly unknown[]): KubeObject {
  try {
    return structuredClone(applyJsonPatch(object, operations as never));
  } catch (error) {
    throw internal((error as Error).message);
  }
}
