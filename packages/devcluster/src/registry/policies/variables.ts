import {
  ANYTHING,
  type AuthorizationDecision,
  type AuthorizationQuestion,
  Authorizer,
  type Declaration,
  type Variable,
} from "@outrigger/machinery/cel";
import type { AdmissionAttributes, UserInfo } from "../contracts.ts";

const text: Declaration = { kind: "string", most: 0, smallest: 2 };
const flag: Declaration = { kind: "bool", most: 0, smallest: 4 };
const whole: Declaration = { kind: "int", most: 0, smallest: 1 };
const time: Declaration = { kind: "timestamp", most: 0, smallest: 2 };
const list = (item: Declaration): Declaration => ({ kind: "list", most: 0, smallest: 2, item });
const map = (item: Declaration): Declaration => ({ kind: "map", most: 0, smallest: 2, item, key: text });
const object = (fields: Readonly<Record<string, Declaration>>): Declaration => ({
  kind: "object",
  most: 0,
  smallest: 2,
  fields: new Map(Object.entries(fields)),
});

const kind = object({ group: text, version: text, kind: text });
const resource = object({ group: text, version: text, resource: text });

/** What expressions know of the request (`admission.k8s.io/v1 AdmissionRequest`, without the objects). */
const REQUEST = object({
  kind,
  resource,
  subResource: text,
  requestKind: kind,
  requestResource: resource,
  requestSubResource: text,
  name: text,
  namespace: text,
  operation: text,
  userInfo: object({ username: text, uid: text, groups: list(text), extra: map(list(text)) }),
  dryRun: flag,
  options: ANYTHING,
});

/** What they know of the request's namespace. */
const NAMESPACE = object({
  metadata: object({
    name: text,
    generateName: text,
    namespace: text,
    labels: map(text),
    annotations: map(text),
    UID: text,
    creationTimestamp: time,
    deletionGracePeriodSeconds: whole,
    deletionTimestamp: time,
    generation: whole,
    resourceVersion: text,
    finalizers: list(text),
  }),
  spec: object({ finalizers: list(text) }),
  status: object({ phase: text }),
});

/** Variables that the match conditions of a webhook may use. */
export const CONDITION_VARIABLES: Readonly<Record<string, Variable>> = {
  object: "dyn",
  oldObject: "dyn",
  request: { declaration: REQUEST },
  authorizer: "authorizer",
  "authorizer.requestResource": "resourceCheck",
};

/**
 * Variables that the expressions of a policy may use.
 *
 * @param params whether the policy has parameters
 * @param composed the variables that the policy itself declares, as far as they stand before the expression
 */
export function policyVariables(params: boolean, composed: ReadonlyMap<string, Declaration>): Readonly<Record<string, Variable>> {
  return {
    ...CONDITION_VARIABLES,
    namespaceObject: { declaration: NAMESPACE },
    ...(params ? { params: "dyn" as const } : {}),
    variables: { declaration: object(Object.fromEntries(composed)) },
  };
}

/** Decides what a user may do; used where expressions ask. */
export type Decide = (user: UserInfo, question: AuthorizationQuestion) => AuthorizationDecision;

/** The variables about rights: of whoever makes the request, and of the resource that it is about. */
export function authorizers(attributes: AdmissionAttributes, decide: Decide): Record<string, unknown> {
  const { resource: asked, subresource, namespace, name, userInfo } = attributes;
  const authorizer = new Authorizer((question) => {
    const account = question.serviceAccount;
    const user = account
      ? {
          username: `system:serviceaccount:${account.namespace}:${account.name}`,
          groups: ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`, "system:authenticated"],
        }
      : userInfo;
    return decide(user, question);
  });
  return {
    authorizer,
    "authorizer.requestResource": authorizer.with({ group: asked.group, resource: asked.resource, subresource, namespace, name }),
  };
}
