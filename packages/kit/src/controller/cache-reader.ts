import type { ObjectKey, Observed, Resource } from "../api/index.ts";
import type { Informer } from "../cache/index.ts";
import type { Source } from "./builder.ts";
import { type ByIndexOptions, indexKey } from "./field-index.ts";

/** A kind that a controller declared. */
export interface DeclaredKind {
  readonly source: Source;
  readonly informer: Informer;
  /** Some declaration of the kind owns it. */
  readonly owned: boolean;
}

/** `apiVersion/Kind`, under which a declared kind is found. */
export function kindKey({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string {
  return `${apiVersion}/${kind}`;
}

/** A kind that the controller's code uses and its builder does not name. */
export class UndeclaredKindError extends Error {
  override readonly name = "UndeclaredKindError";
  readonly code = "ERR_UNDECLARED_KIND";
}

/** Reads the caches of one controller's kinds; `MapCache` is its face to the user. */
export class CacheReader {
  readonly #controller: string;
  readonly #sources: ReadonlyMap<string, DeclaredKind>;

  constructor(controller: string, sources: ReadonlyMap<string, DeclaredKind>) {
    this.#controller = controller;
    this.#sources = sources;
  }

  get<R extends Resource>(resource: R, key: ObjectKey): Observed<R> | undefined {
    return this.declared(resource, "get").informer.lister.get(key) as Observed<R> | undefined;
  }

  list<R extends Resource>(
    resource: R,
    options: { readonly namespace?: string; readonly labels?: string | Readonly<Record<string, string>> } = {},
  ): readonly Observed<R>[] {
    return this.declared(resource, "list").informer.lister.list(options) as readonly Observed<R>[];
  }

  byIndex<R extends Resource>(resource: R, name: string, value: string, { namespace }: ByIndexOptions = {}): readonly Observed<R>[] {
    const { lister } = this.declared(resource, "list").informer;
    const found = lister.byIndex(indexKey(this.#controller, name), value) as readonly Observed<R>[];
    return namespace === undefined ? found : found.filter(({ metadata }) => metadata.namespace === namespace);
  }

  /** @throws UndeclaredKindError with what to declare, and the verbs that it needs. */
  declared(resource: { readonly apiVersion: string; readonly kind: string }, verb: string): DeclaredKind {
    const found = this.#sources.get(kindKey(resource));
    if (found) return found;
    throw new UndeclaredKindError(
      `controller ${this.#controller} did not declare ${resource.kind} (${resource.apiVersion}): add .owns(), .watches() or .uses() for it, and allow get, list, watch${["get", "list"].includes(verb) ? "" : ` and ${verb}`} on it`,
    );
  }
}
