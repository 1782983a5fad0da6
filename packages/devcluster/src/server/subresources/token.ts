import type { Cause } from "@outrigger/kit/api";
import { invalid, notFound, tableOf, timestamp } from "../../registry/index.ts";
import type { ApiResponse } from "../request.ts";
import { acceptSingle, type ResourceRequest } from "../resource-handler.ts";
import { document } from "../respond.ts";
import { objectBody } from "./binding.ts";

/** What a ServiceAccount token says. */
export interface TokenClaims {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly audiences: readonly string[];
  /** Seconds. */
  readonly lifetime: number;
  readonly pod?: { readonly name: string; readonly uid: string };
}
export interface TokenIssuer {
  /** The audience of tokens that name none. */
  readonly audience: string;
  issue(claims: TokenClaims): string;
}

interface Spec {
  audiences?: string[];
  expirationSeconds?: number;
  boundObjectRef?: { kind?: string; name?: string; uid?: string } | null;
}

/** Kinds of objects with which a token ends. */
const boundKinds: ReadonlySet<string> = new Set(["Pod"]);

/** `serviceaccounts/token`: `authentication.k8s.io/v1 TokenRequest` (`pkg/registry/core/serviceaccount/storage/token.go`). */
export async function createToken(one: ResourceRequest, issuer: TokenIssuer): Promise<ApiResponse> {
  const { target, services } = one;
  const { namespace, name, resource } = target;
  const body = await objectBody(one);
  const entry = tableOf(services.parts.store, resource.group, resource.plural).get(namespace, name);
  if (!entry) throw notFound(resource, name);
  const spec = { ...(body["spec"] as Spec | undefined) };
  const lifetime = spec.expirationSeconds ?? 3600;
  const causes = problems(lifetime);
  if (causes.length > 0) throw invalid({ group: "authentication.k8s.io", kind: "TokenRequest" }, "", causes);
  const audiences = spec.audiences?.length ? spec.audiences : [issuer.audience];
  const uid = entry.object.metadata.uid ?? "";
  const bound = spec.boundObjectRef;
  const token = issuer.issue({
    namespace,
    name,
    uid,
    audiences,
    lifetime,
    ...(bound && boundKinds.has(bound.kind ?? "") && bound.name ? { pod: { name: bound.name, uid: bound.uid ?? "" } } : {}),
  });
  const answer = {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace, uid, creationTimestamp: timestamp() },
    spec: { audiences, expirationSeconds: lifetime, boundObjectRef: bound ?? null },
    status: { token, expirationTimestamp: timestamp(new Date(Date.now() + lifetime * 1000)) },
  };
  return document(201, answer, acceptSingle(one));
}

function problems(lifetime: number): Cause[] {
  const refuse = (why: string): Cause[] => [
    { reason: "FieldValueInvalid", message: `Invalid value: ${lifetime}: ${why}`, field: "spec.expirationSeconds" },
  ];
  if (lifetime < 600) return refuse("may not specify a duration less than 10 minutes");
  return lifetime > 2 ** 32 ? refuse("may not specify a duration larger than 2^32 seconds") : [];
}
