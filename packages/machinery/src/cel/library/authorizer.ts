import { CelError } from "../error.ts";
import type { Value } from "../value.ts";
import type { Library } from "./declare.ts";

/** What an expression asks an authorizer: whether a user may do something. */
export interface AuthorizationQuestion {
  /** `undefined`: whoever made the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly verb: string;
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AuthorizationDecision {
  readonly allowed: boolean;
  readonly reason?: string;
  readonly error?: string;
}

/** The variable `authorizer`, and what its functions give until `check` asks. */
export class Authorizer {
  readonly #decide: (question: AuthorizationQuestion) => AuthorizationDecision;
  readonly #question: Partial<AuthorizationQuestion>;
  constructor(decide: (question: AuthorizationQuestion) => AuthorizationDecision, question: Partial<AuthorizationQuestion> = {}) {
    this.#decide = decide;
    this.#question = question;
  }
  with(more: Partial<AuthorizationQuestion>): Authorizer {
    return new Authorizer(this.#decide, { ...this.#question, ...more });
  }
  check(verb: string): AuthorizationDecision {
    return this.#decide({ ...this.#question, verb });
  }
}

const asking =
  (part: (value: string) => Partial<AuthorizationQuestion>) =>
  (check: Value, value: Value): Authorizer =>
    given(check).with(part(value as string));

function given(check: Value): Authorizer {
  if (!(check instanceof Authorizer)) throw new CelError("no such overload");
  return check;
}

/** Checks are types of their own, so that only what can be asked compiles. */
export const AUTHORIZATION: Library = {
  "Authorizer.path(string): PathCheck": (authorizer, path) => {
    if ((path as string).trim() === "") throw new CelError("path must not be empty");
    return given(authorizer).with({ path: path as string });
  },
  "Authorizer.group(string): GroupCheck": asking((group) => ({ group })),
  "Authorizer.serviceAccount(string, string): Authorizer": (authorizer, namespace, name) =>
    given(authorizer).with({ serviceAccount: { namespace: namespace as string, name: name as string } }),
  "GroupCheck.resource(string): ResourceCheck": (check, resource) => {
    if ((resource as string).trim() === "") throw new CelError("resource must not be empty");
    return given(check).with({ resource: resource as string });
  },
  "ResourceCheck.subresource(string): ResourceCheck": asking((subresource) => ({ subresource })),
  "ResourceCheck.namespace(string): ResourceCheck": asking((namespace) => ({ namespace })),
  "ResourceCheck.name(string): ResourceCheck": asking((name) => ({ name })),
  "ResourceCheck.fieldSelector(string): ResourceCheck": asking((fieldSelector) => ({ fieldSelector })),
  "ResourceCheck.labelSelector(string): ResourceCheck": asking((labelSelector) => ({ labelSelector })),
  "PathCheck.check(string): Decision": (check, verb) => given(check).check(verb as string),
  "ResourceCheck.check(string): Decision": (check, verb) => given(check).check(verb as string),
  "Decision.allowed(): bool": (decision) => (decision as AuthorizationDecision).allowed,
  "Decision.reason(): string": (decision) => (decision as AuthorizationDecision).reason ?? "",
  "Decision.errored(): bool": (decision) => (decision as AuthorizationDecision).error !== undefined,
  "Decision.error(): string": (decision) => (decision as AuthorizationDecision).error ?? "",
};
