import { readFileSync } from "node:fs";
import type { PolicyRule } from "@outrigger/kit/controller";

/** One request of the audit log, as far as rights go. */
export interface Request {
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `pods/status`. */
  readonly resource: string;
  readonly namespace: string | undefined;
  /** Of a list or watch too, where a field selector names one object. */
  readonly name: string | undefined;
  readonly code: number;
  readonly uri: string;
}

interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly user?: { readonly username?: string };
  /** On whose behalf `user` asked. */
  readonly impersonatedUser?: { readonly username?: string };
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

/** What a user asked the API server for; requests that are about no resource (discovery) are left out. */
export function requestsOf(file: string, user: string): Request[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter((event) => (event.impersonatedUser ?? event.user)?.username === user && event.objectRef?.resource !== undefined)
    .map(({ verb, requestURI, objectRef = {}, responseStatus }) => ({
      verb,
      group: objectRef.apiGroup ?? "",
      resource: objectRef.subresource ? `${objectRef.resource}/${objectRef.subresource}` : (objectRef.resource ?? ""),
      namespace: objectRef.namespace,
      name: objectRef.name ?? /fieldSelector=metadata\.name%3D([^&]+)/.exec(requestURI)?.[1],
      code: responseStatus?.code ?? 0,
      uri: requestURI,
    }));
}

/** One right: one verb of one resource, of one object where the rule names objects. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string | undefined;
}

export function rightsOf(rules: readonly PolicyRule[]): Right[] {
  return rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => (resourceNames?.length ? resourceNames : [undefined]).map((name) => ({ verb, group, resource, name }))),
      ),
    ),
  );
}

export function uses(request: Request, right: Right): boolean {
  return (
    request.verb === right.verb &&
    request.group === right.group &&
    request.resource === right.resource &&
    (right.name === undefined || request.name === right.name)
  );
}

export function textOf({ verb, group, resource, name }: Right): string {
  return `${verb} ${resource}${group === "" ? "" : `.${group}`}${name === undefined ? "" : ` ${name}`}`;
}
