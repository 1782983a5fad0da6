import type { KubeObject } from "@outrigger/kit/api";
import type { AdmissionAttributes } from "../registry/index.ts";
import { internal, StatusError } from "../registry/index.ts";
import type { Forms } from "./ask.ts";
import type { RuleMatch, ServedVersions } from "./rules.ts";

/**
 * Objects in the versions that hooks ask for. Without an equivalent rule that is the request's own and nothing is done.
 */
export class VersionedForms {
  readonly #served: ServedVersions;
  readonly #attributes: AdmissionAttributes;

  constructor(served: ServedVersions, attributes: AdmissionAttributes) {
    this.#served = served;
    this.#attributes = attributes;
  }

  async of(match: RuleMatch): Promise<Forms> {
    const { object, oldObject } = this.#attributes;
    if (!match.equivalent) return { object, oldObject };
    const { version } = match.resource;
    return { object: await this.#convert(object, version), oldObject: await this.#convert(oldObject, version) };
  }

  /** A patched form back in the version of the request, pruned and defaulted. */
  async back(match: RuleMatch, object: KubeObject): Promise<KubeObject> {
    try {
      if (!match.equivalent) return this.#attributes.defaulted(object);
      const { group, resource, version } = match.resource;
      const other = this.#served(group, resource).find((served) => served.version === version);
      other?.strategy.prune(object);
      other?.strategy.default(object);
      const [converted = object] = (await other?.strategy.convert([object], this.#attributes.resource.version)) ?? [];
      return this.#attributes.defaulted(converted);
    } catch (error) {
      throw internal(decodingWords(error));
    }
  }

  async #convert(object: KubeObject | undefined, version: string): Promise<KubeObject | undefined> {
    // The body of a subresource (a Scale, a Binding) has a kind of its own, which is the same in all versions.
    const { kind, resource, subresource } = this.#attributes;
    if (!object || (subresource !== "" && (kind.group !== resource.group || kind.version !== resource.version))) return object;
    const own = this.#served(resource.group, resource.resource).find((served) => served.version === resource.version);
    try {
      const [converted] = (await own?.strategy.convert([object], version)) ?? [];
      return converted ?? object;
    } catch (error) {
      throw internal((error as Error).message);
    }
  }
}

/** A body that cannot be read is a 400 from a client; from a webhook it is our failure, in the decoder's words. */
function decodingWords(error: unknown): string {
  return error instanceof StatusError ? (error.status.message ?? "") : (error as Error).message;
}
