import { randomUUID } from "node:crypto";
import type { KubeObject, Status } from "@outrigger/kit/api";
import { jsonTypeName } from "@outrigger/machinery/patch";
import type { AdmissionAttributes } from "../registry/index.ts";
import { CallError, jsonWords } from "./call-error.ts";
import type { Candidate } from "./hooks.ts";

/** The `request` of an AdmissionReview, without its uid; also what match conditions see as `request`. */
export function reviewRequest(
  attributes: AdmissionAttributes,
  { resource, kind }: Pick<Candidate, "resource" | "kind">,
): Record<string, unknown> {
  const { subresource, userInfo } = attributes;
  const { username, uid, groups, extra } = userInfo;
  return {
    kind,
    resource,
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: attributes.kind,
    requestResource: attributes.resource,
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(attributes.name ? { name: attributes.name } : {}),
    ...(attributes.namespace ? { namespace: attributes.namespace } : {}),
    operation: attributes.operation,
    userInfo: {
      ...(username ? { username } : {}),
      ...(uid ? { uid } : {}),
      ...(groups.length > 0 ? { groups } : {}),
      ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
    },
    dryRun: attributes.dryRun,
    options: optionsOf(attributes),
  };
}

const OPTIONS_KIND = { CREATE: "CreateOptions", UPDATE: "UpdateOptions", DELETE: "DeleteOptions" } as const;

/** A patch is an update or a create by now, and its options are those of one. */
function optionsOf({ operation, options }: AdmissionAttributes): Record<string, unknown> | null {
  if (operation === "CONNECT") return null;
  const { force: _force, ...rest } = options as Record<string, unknown>;
  return { ...(operation === "DELETE" ? options : rest), kind: OPTIONS_KIND[operation], apiVersion: "meta.k8s.io/v1" };
}

/** The body of an AdmissionReview, and the uid that the answer must repeat. */
export function writeReview(
  version: "v1" | "v1beta1",
  request: Record<string, unknown>,
  object: KubeObject | undefined,
  oldObject: KubeObject | undefined,
): { uid: string; body: string } {
  const uid = randomUUID();
  const apiVersion = `admission.k8s.io/${version}`;
  const full = { uid, ...request, object: object ?? null, oldObject: oldObject ?? null };
  return { uid, body: JSON.stringify({ kind: "AdmissionReview", apiVersion, request: full }) };
}

/** An answer that was checked. `patch` is the text of a JSON patch, `""` where there is none. */
export interface ReviewAnswer {
  readonly allowed: boolean;
  readonly status: Partial<Status> | undefined;
  readonly patch: string;
  readonly patchType: string;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/**
 * Reads what a webhook answered. A v1beta1 answer is checked less, as ever.
 *
 * @throws CallError
 */
export function readAnswer(text: string, version: "v1" | "v1beta1", uid: string, mutating: boolean): ReviewAnswer {
  const review = decode(text, version);
  const response = review["response"];
  const wrong = (words: string): CallError => new CallError(`received invalid webhook response: ${words}`);
  if (response === undefined || response === null) throw wrong("webhook response was absent");
  const answer = fields(response);
  const patch = answer.patch === undefined ? "" : Buffer.from(answer.patch, "base64").toString("utf8");
  const { patchType } = answer;
  if (version === "v1") {
    if (answer.uid !== uid) throw wrong(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(answer.uid)}`);
    const [group, apiVersion] = splitVersion(review["apiVersion"]);
    const kind = typeof review["kind"] === "string" ? review["kind"] : "";
    if (group !== "admission.k8s.io" || kind !== "AdmissionReview") {
      throw wrong(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${group}/${apiVersion}, Kind=${kind}`);
    }
    if (!mutating) {
      if (patch !== "") throw wrong("validating webhook may not return response.patch");
      if (patchType !== undefined) throw wrong("validating webhook may not return response.patchType");
    }
    if (patch !== "" && patchType === undefined) throw wrong("webhook returned response.patch but not response.patchType");
    if (patch === "" && patchType !== undefined) throw wrong("webhook returned response.patchType but not response.patch");
    if (patchType === "") throw wrong('webhook returned invalid response.patchType of ""');
  }
  const { allowed, status, warnings, auditAnnotations } = answer;
  return {
    allowed,
    status,
    warnings,
    auditAnnotations,
    patch: mutating ? patch : "",
    patchType: version === "v1" ? (patchType ?? "") : "JSONPatch",
  };
}

function decode(text: string, version: "v1" | "v1beta1"): Record<string, unknown> {
  let review: unknown;
  try {
    review = JSON.parse(text);
  } catch (error) {
    throw new CallError(`failed to call webhook: couldn't get version/kind; json parse error: ${jsonWords(error)}`);
  }
  if (typeof review !== "object" || review === null || Array.isArray(review)) {
    throw new CallError(
      `failed to call webhook: couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeName(review)}`,
    );
  }
  const { apiVersion = "", kind = "" } = review as Record<string, unknown>;
  if (apiVersion === "" && kind === "") return review as Record<string, unknown>;
  const [group, got] = splitVersion(apiVersion);
  if (group !== "admission.k8s.io" || kind !== "AdmissionReview" || (got !== "v1" && got !== "v1beta1")) {
    throw new CallError(
      `failed to call webhook: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme`,
    );
  }
  if (got !== version) {
    throw new CallError(`failed to call webhook: converting (${got}.AdmissionReview) to (${version}.AdmissionReview): unknown conversion`);
  }
  return review as Record<string, unknown>;
}

function splitVersion(apiVersion: unknown): [group: string, version: string] {
  const [group = "", version = ""] = typeof apiVersion === "string" ? apiVersion.split("/") : [];
  return version === "" ? ["", group] : [group, version];
}

interface ResponseFields {
  uid: string;
  allowed: boolean;
  status: Partial<Status> | undefined;
  patch: string | undefined;
  patchType: string | undefined;
  warnings: string[];
  auditAnnotations: Record<string, string>;
}

/** The fields with their types checked, as Go's decoder would. */
function fields(response: unknown): ResponseFields {
  const bad = (field: string, value: unknown, type: string): CallError =>
    new CallError(
      `failed to call webhook: json: cannot unmarshal ${jsonTypeName(value)} into Go struct field AdmissionReview.response.${field} of type ${type}`,
    );
  if (typeof response !== "object" || response === null || Array.isArray(response)) throw bad("", response, "v1.AdmissionResponse");
  const given = response as Record<string, unknown>;
  const optional = (field: string, type: string): unknown => {
    const value = given[field];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== type || Array.isArray(value)) throw bad(field, value, type);
    return value;
  };
  const warnings = given["warnings"] ?? [];
  if (!Array.isArray(warnings) || !warnings.every((warning) => typeof warning === "string")) throw bad("warnings", warnings, "[]string");
  const auditAnnotations = (optional("auditAnnotations", "object") ?? {}) as Record<string, string>;
  if (!Object.values(auditAnnotations).every((value) => typeof value === "string"))
    throw bad("auditAnnotations", auditAnnotations, "map[string]string");
  const patch = optional("patch", "string") as string | undefined;
  if (patch !== undefined && !/^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/.test(patch))
    throw new CallError("failed to call webhook: illegal base64 data");
  return {
    uid: (optional("uid", "string") ?? "") as string,
    allowed: (optional("allowed", "boolean") ?? false) as boolean,
    status: optional("status", "object") as Partial<Status> | undefined,
    patch: patch === "" ? undefined : patch,
    patchType: optional("patchType", "string") as string | undefined,
    warnings,
    auditAnnotations,
  };
}
