import type { Resource } from "../api/index.ts";
import type { InformerOptions } from "./informer.ts";

/** A kind is read from the cache that no informer was declared for. */
export class UndeclaredInformerError extends Error {
  override readonly name = "UndeclaredInformerError";
  readonly code = "ERR_UNDECLARED_INFORMER";
  constructor(
    { apiVersion, kind, plural }: Resource,
    { namespace, namespaces, labelSelector, fieldSelector, metadataOnly }: InformerOptions,
  ) {
    const selection = JSON.stringify({ namespace, namespaces, labelSelector, fieldSelector, metadataOnly });
    const [group] = apiVersion.includes("/") ? apiVersion.split("/") : [""];
    super(
      `no informer of ${kind} (${apiVersion}) is declared${selection === "{}" ? "" : ` with ${selection}`}: declare it with ` +
        `informers.for(${kind}${selection === "{}" ? "" : `, ${selection}`}), or in a controller with .owns, .watches or .uses, ` +
        `and grant the verbs list and watch on ${plural} in the API group "${group}"`,
    );
  }
}

/** A handler is so far behind that its informer stopped reading until it has caught up. */
export class HandlerBehindError extends Error {
  override readonly name = "HandlerBehindError";
  readonly code = "ERR_HANDLER_BEHIND";
  constructor(plural: string, behind: number) {
    super(
      `a handler of ${plural} is ${behind} changes behind: nothing more is read until it has caught up; let it put keys in a queue and work from there`,
    );
  }
}

/** An index function threw; the object is stored, and not found by that index. */
export class IndexError extends Error {
  override readonly name = "IndexError";
  readonly code = "ERR_INDEX";
  constructor(plural: string, index: string, cause: unknown) {
    super(`the index "${index}" of ${plural}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
