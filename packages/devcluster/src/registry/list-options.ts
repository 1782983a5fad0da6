import type { Cause } from "@outrigger/kit/api";
import { badRequest, invalidOptions, plainError } from "./errors.ts";

/** `metav1.ListOptions` of a list or a watch, checked and with Kubernetes' defaults. */
export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** "" when none was given. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  /** 0 for no limit. */
  readonly limit: number;
  readonly continue: string;
  readonly watch: boolean;
  readonly allowBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** Seconds; `undefined` when the server chooses. */
  readonly timeoutSeconds: number | undefined;
}

/** Parses a boolean as Kubernetes' query decoding does: anything but `false` and `0` counts. */
export function queryBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  return text === null ? undefined : text !== "false" && text !== "0";
}

export function queryInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** @throws StatusError in the words of `ValidateListOptions` (k8s.io/apimachinery/pkg/apis/meta/internalversion/validation). */
export function parseListOptions(query: URLSearchParams, forcedWatch = false): ListOptions {
  const watch = forcedWatch || queryBoolean(query, "watch") === true;
  const resourceVersion = query.get("resourceVersion") ?? "";
  const resourceVersionMatch = query.get("resourceVersionMatch") ?? "";
  let sendInitialEvents = queryBoolean(query, "sendInitialEvents");
  let match = resourceVersionMatch;
  // What watches of old asked for without saying so.
  if (watch && sendInitialEvents === undefined && match === "" && (resourceVersion === "" || resourceVersion === "0")) {
    sendInitialEvents = true;
    match = "NotOlderThan";
  }
  const options: ListOptions = {
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    resourceVersion,
    resourceVersionMatch: match,
    limit: Math.max(0, queryInteger(query, "limit") ?? 0),
    continue: query.get("continue") ?? "",
    watch,
    allowBookmarks: queryBoolean(query, "allowWatchBookmarks") === true,
    sendInitialEvents,
    timeoutSeconds: queryInteger(query, "timeoutSeconds"),
  };
  const causes = problems(options);
  if (causes.length > 0) throw invalidOptions("ListOptions", causes);
  return options;
}

function problems(options: ListOptions): Cause[] {
  const { resourceVersion, resourceVersionMatch: match, sendInitialEvents, watch } = options;
  const causes: Cause[] = [];
  const forbidden = (why: string, field = "resourceVersionMatch"): void => {
    causes.push({ reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field });
  };
  if (sendInitialEvents !== undefined) {
    if (!watch) {
      forbidden("sendInitialEvents is forbidden for list", "sendInitialEvents");
      return causes;
    }
    if (match !== "NotOlderThan") forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    if (match !== "" && match !== "NotOlderThan") {
      const message = `Unsupported value: ${JSON.stringify(match)}: supported values: "NotOlderThan"`;
      causes.push({ reason: "FieldValueNotSupported", message, field: "resourceVersionMatch" });
    }
    return causes;
  }
  if (match === "") return causes;
  if (watch) {
    forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    return causes;
  }
  if (resourceVersion === "") forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (options.continue !== "") forbidden("resourceVersionMatch is forbidden when continue is provided");
  if (match !== "Exact" && match !== "NotOlderThan") {
    const message = `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`;
    causes.push({ reason: "FieldValueNotSupported", message, field: "resourceVersionMatch" });
  }
  if (match === "Exact" && resourceVersion === "0") forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  return causes;
}

function parseProblem(text: string): string {
  return `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
}

/** The revision of a list or get; 0 for "any". */
export function parseRevision(text: string): number {
  if (text === "") return 0;
  if (!/^\d+$/.test(text)) throw badRequest(`invalid resource version: ${parseProblem(text)}`);
  return Number(text);
}

/** The revision of a watch, whose refusal is worded in another place of Kubernetes. */
export function parseWatchRevision(text: string): number {
  if (text === "") return 0;
  if (!/^\d+$/.test(text)) throw plainError(parseProblem(text));
  return Number(text);
}
