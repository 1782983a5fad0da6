import type { KubeObject } from "../api/index.ts";

/** Texts kept at most; beyond, sharing begins anew, so that values that never come again are not held for ever. */
const MOST = 10_000;
/** Longer texts hardly ever come twice. */
const LONGEST = 128;

/** Gives texts that many objects have in common (namespace, labels, owners, …) one copy: each object parsed from JSON brings its own. */
export class SharedTexts {
  readonly #texts = new Map<string, string>();

  /** Changes the object in place. */
  share({ metadata }: KubeObject): void {
    if (metadata.namespace !== undefined) metadata.namespace = this.#one(metadata.namespace);
    if (metadata.generateName !== undefined) metadata.generateName = this.#one(metadata.generateName);
    if (metadata.creationTimestamp !== undefined) metadata.creationTimestamp = this.#one(metadata.creationTimestamp);
    this.#values(metadata.labels);
    this.#values(metadata.annotations);
    if (metadata.ownerReferences !== undefined)
      for (const owner of metadata.ownerReferences) {
        owner.apiVersion = this.#one(owner.apiVersion);
        owner.kind = this.#one(owner.kind);
        owner.name = this.#one(owner.name);
        owner.uid = this.#one(owner.uid);
      }
  }

  #values(texts: Record<string, string> | undefined): void {
    for (const name in texts) {
      const text = texts[name]!;
      if (text.length <= LONGEST) texts[name] = this.#one(text);
    }
  }

  #one(text: string): string {
    const shared = this.#texts.get(text);
    if (shared !== undefined) return shared;
    if (this.#texts.size >= MOST) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
