import { createHash } from "node:crypto";
import { type Client, dynamicResource } from "../client/index.ts";

const TokenReview = dynamicResource("authentication.k8s.io/v1", "TokenReview", "tokenreviews", "Cluster");
const SubjectAccessReview = dynamicResource("authorization.k8s.io/v1", "SubjectAccessReview", "subjectaccessreviews", "Cluster");
/** How long an answer counts, in milliseconds: a scrape every few seconds must not cost two requests each time. */
const YES_MS = 60_000;
const NO_MS = 10_000;
const REMEMBERED = 1000;

interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}
export interface Verdict {
  readonly status: 200 | 401 | 403 | 500;
  readonly text: string;
}

/**
 * Asks the API server whose token a request carries and whether that user may do what it asks for, as
 * `WithAuthenticationAndAuthorization` of controller-runtime does. Answers are remembered for a minute, refusals for ten
 * seconds; tokens only as their hashes.
 *
 * Needs `create` on `tokenreviews.authentication.k8s.io` and `subjectaccessreviews.authorization.k8s.io`.
 */
export class RequestAuthorizer {
  readonly #client: Client;
  readonly #now: () => number;
  readonly #users = new Map<string, { readonly user: User | undefined; readonly until: number }>();
  readonly #verdicts = new Map<string, { readonly verdict: Verdict; readonly until: number }>();

  constructor(client: Client, now: () => number = () => performance.now()) {
    this.#client = client;
    this.#now = now;
  }

  async judge(authorization: string | undefined, verb: string, path: string): Promise<Verdict> {
    const token = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return { status: 401, text: "Unauthorized" };
    let user: User | undefined;
    try {
      user = await this.#userOf(token);
    } catch (error) {
      return { status: 500, text: `Authentication failed: ${(error as Error).message}` };
    }
    if (!user) return { status: 401, text: "Unauthorized" };
    try {
      return await this.#mayUser(user, verb, path);
    } catch (error) {
      return { status: 500, text: `Authorization for user ${user.username} failed: ${(error as Error).message}` };
    }
  }

  async #userOf(token: string): Promise<User | undefined> {
    const key = createHash("sha256").update(token).digest("base64");
    const known = this.#users.get(key);
    if (known && known.until > this.#now()) return known.user;
    const review = { apiVersion: TokenReview.apiVersion, kind: TokenReview.kind, metadata: {}, spec: { token } };
    const { status } = (await this.#client.create(TokenReview, review as never)) as unknown as {
      readonly status?: { readonly authenticated?: boolean; readonly user?: User };
    };
    const user = status?.authenticated ? status.user : undefined;
    remember(this.#users, key, { user, until: this.#now() + (user ? YES_MS : NO_MS) });
    return user;
  }

  async #mayUser(user: User, verb: string, path: string): Promise<Verdict> {
    const { username, uid, groups, extra } = user;
    const key = JSON.stringify([username, uid, groups, extra, verb, path]);
    const known = this.#verdicts.get(key);
    if (known && known.until > this.#now()) return known.verdict;
    const review = {
      apiVersion: SubjectAccessReview.apiVersion,
      kind: SubjectAccessReview.kind,
      metadata: {},
      spec: { user: username, uid, groups, extra, nonResourceAttributes: { verb, path } },
    };
    const { status } = (await this.#client.create(SubjectAccessReview, review as never)) as unknown as {
      readonly status?: { readonly allowed?: boolean };
    };
    const allowed = status?.allowed === true;
    const verdict: Verdict = allowed ? { status: 200, text: "" } : { status: 403, text: `Authorization denied for user ${username}` };
    remember(this.#verdicts, key, { verdict, until: this.#now() + (allowed ? YES_MS : NO_MS) });
    return verdict;
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  if (map.size >= REMEMBERED) map.delete(map.keys().next().value!);
  map.set(key, value);
}
