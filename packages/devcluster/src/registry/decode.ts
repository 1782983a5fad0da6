import type { KubeObject, ObjectMeta } from "@outrigger/kit/api";
import type { ServedResource } from "./contracts.ts";
import { goTypeProblem } from "./go-types.ts";
import { apiVersionOf } from "./versions.ts";

/** The body is no object of the kind: the text is what a Go decoder says about it. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

export interface Decoded {
  readonly object: KubeObject;
  /** What strict decoding minds: `unknown field "spec.foo"`. */
  readonly strict: readonly string[];
}

/** Finds a kind, for the words of a refusal. */
export type FindKind = (apiVersion: string, kind: string) => ServedResource | undefined;

/**
 * Turns a parsed body into an object of the resource: checks kind and types, removes what the schema does not know and
 * fills in the defaults. Changes `value`.
 *
 * @throws DecodeError
 */
export function decodeObject(resource: ServedResource, value: Record<string, unknown>, findKind: FindKind): Decoded {
  settleKind(resource, value, findKind);
  if (!resource.custom) {
    const problem = goTypeProblem(resource, value);
    if (problem) throw new DecodeError(problem);
  } else {
    checkCustomMetadata(value);
  }
  const { metadata } = value;
  const object = value as unknown as KubeObject;
  object.metadata = metadata !== null && typeof metadata === "object" ? (metadata as ObjectMeta) : {};
  const sentManagers = object.metadata.managedFields;
  const strict = resource.strategy.prune(object).map((path) => (path.includes(" ") ? path : `unknown field ${JSON.stringify(path)}`));
  resource.strategy.default(object);
  // An empty list says something here: it takes all managers away.
  if (Array.isArray(sentManagers) && sentManagers.length === 0) object.metadata.managedFields = sentManagers;
  return { object, strict };
}

/** Versions that Kubernetes still decodes and no longer serves. */
const formerVersions: ReadonlySet<string> = new Set(["apiextensions.k8s.io/v1beta1"]);

function settleKind(resource: ServedResource, value: Record<string, unknown>, findKind: FindKind): void {
  const expected = apiVersionOf(resource);
  const apiVersion = typeof value["apiVersion"] === "string" && value["apiVersion"] !== "" ? value["apiVersion"] : undefined;
  const kind = typeof value["kind"] === "string" && value["kind"] !== "" ? value["kind"] : undefined;
  if (resource.custom && kind === undefined) throw new DecodeError(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  const givenVersion = apiVersion ?? expected;
  const givenKind = kind ?? resource.kind;
  if (resource.custom) {
    // A wrong kind is found by validation, which says it with the object's name.
    if (givenVersion !== expected) {
      throw new MismatchError(`the API version in the data (${givenVersion}) does not match the expected API version (${expected})`);
    }
    value["apiVersion"] = expected;
    return;
  }
  if (givenVersion !== expected || givenKind !== resource.kind) {
    if (givenKind === resource.kind && formerVersions.has(givenVersion)) {
      throw new MismatchError(`the API version in the data (${givenVersion}) does not match the expected API version (${expected})`);
    }
    const other = findKind(givenVersion, givenKind);
    if (!other) {
      throw new DecodeError(
        `no kind ${JSON.stringify(givenKind)} is registered for version ${JSON.stringify(givenVersion)} in scheme "pkg/runtime/scheme.go:111"`,
      );
    }
    const problem = other.custom ? undefined : goTypeProblem(other, value);
    if (problem) throw new DecodeError(problem);
    // The version of another group version of the same kind is converted by a real server; ours asks for the right one.
    const slash = givenVersion.lastIndexOf("/");
    const from = `${givenVersion.slice(slash + 1)}.${givenKind}`;
    throw new DecodeError(`converting (${from}) to (${internalPackage(resource.group)}.${resource.kind}): unknown conversion`);
  }
  value["apiVersion"] = expected;
  value["kind"] = resource.kind;
}

/** The body names another kind or version; refused in these words alone. */
export class MismatchError extends Error {
  override readonly name = "MismatchError";
}

function internalPackage(group: string): string {
  return group === "" ? "core" : (group.split(".")[0] ?? group);
}

function checkCustomMetadata(value: Record<string, unknown>): void {
  const { metadata } = value;
  if (metadata === undefined || metadata === null) {
    value["metadata"] = {};
    return;
  }
  if (typeof metadata !== "object" || Array.isArray(metadata)) {
    const found = Array.isArray(metadata) ? "array" : typeof metadata;
    throw new DecodeError(`json: cannot unmarshal ${found} into Go struct field .metadata of type v1.ObjectMeta`);
  }
}
