import { createHash, timingSafeEqual } from "node:crypto";
import { badRequest, type UserInfo, unauthorized } from "../registry/index.ts";
import { type Attributes, type Authorizer, denial } from "./authorize.ts";
import { type ApiRequest, header, headerValues } from "./request.ts";

/** A bearer token that the server knows, and who comes with it. `system:authenticated` is added to the groups. */
export interface StaticToken {
  readonly token: string;
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
}

/** The groups of a namespace's ServiceAccounts. */
export function serviceAccountGroups(namespace: string): string[] {
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}

/** Who a bearer token belongs to; undefined for a token that nobody knows. */
export type TokenReader = (token: string) => UserInfo | undefined;

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Tokens that were given at start. */
export function staticTokens(tokens: readonly StaticToken[]): TokenReader {
  const known = tokens.map(({ token, ...user }) => ({ digest: digest(token), user }));
  return (token) => {
    const wanted = digest(token);
    const found = known.find((one) => timingSafeEqual(one.digest, wanted))?.user;
    if (!found) return undefined;
    const { username, uid, groups = [] } = found;
    return { username, ...(uid ? { uid } : {}), groups: [...groups] };
  };
}

const anonymous: UserInfo = { username: "system:anonymous", groups: ["system:unauthenticated"] };

/**
 * Who asks: by certificate, by bearer token, or nobody in particular.
 *
 * @throws StatusError 401 for a token that nobody knows.
 */
export function authenticate(request: ApiRequest, readers: readonly TokenReader[]): UserInfo {
  if (request.user) return request.user;
  const { certificate } = request;
  if (certificate) return authenticated({ username: certificate.commonName, groups: certificate.organizations });
  const authorization = header(request, "authorization");
  if (authorization === undefined) return anonymous;
  const [scheme = "", token = ""] = authorization.split(" ", 2);
  if (scheme.toLowerCase() !== "bearer" || token === "") return anonymous;
  for (const read of readers) {
    const user = read(token);
    if (user) return authenticated(user);
  }
  throw unauthorized();
}

function authenticated(user: UserInfo): UserInfo {
  if (user.groups.includes("system:authenticated")) return user;
  return { ...user, groups: [...user.groups, "system:authenticated"] };
}

const extraPrefix = "impersonate-extra-";

/**
 * The user that the request wants to act as, when the one who asks may do that.
 *
 * @throws StatusError 403 when not, 400 for headers that make no sense.
 */
export function impersonate(request: ApiRequest, user: UserInfo, authorizer: Authorizer, wanted: Attributes): UserInfo {
  const username = header(request, "impersonate-user") ?? "";
  const groups = headerValues(request, "impersonate-group");
  const uid = header(request, "impersonate-uid") ?? "";
  const extra: Record<string, readonly string[]> = {};
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith(extraPrefix)) extra[decodeURIComponent(name.slice(extraPrefix.length))] = headerValues(request, name);
  }
  if (username === "") {
    if (groups.length === 0 && uid === "" && Object.keys(extra).length === 0) return user;
    const list = groups.length === 0 ? "[]string(nil)" : `[]string{${groups.map((group) => JSON.stringify(group)).join(", ")}}`;
    const shown = `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${list}, Extra:map[string][]string(nil)}`;
    throw badRequest(`requested ${shown} without impersonating a user name`);
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  const allow = (group: string, resource: string, name: string, namespace = ""): void => {
    const attributes = { verb: "impersonate", group, version: "", resource, subresource: "", name, namespace, path: "", isResource: true };
    if (authorizer.allows(user, attributes)) return;
    // Who may not act as somebody at all may still do so for single verbs: what is missing is said of the request itself.
    throw denial(user, { ...wanted, verb: `impersonate-on:${account ? "serviceaccount" : "user-info"}:${wanted.verb}` });
  };
  if (account) allow("", "serviceaccounts", account[2]!, account[1]!);
  else allow("", "users", username);
  for (const group of groups) allow("", "groups", group);
  if (uid !== "") allow("authentication.k8s.io", "uids", uid);
  for (const [key, values] of Object.entries(extra)) for (const value of values) allow("authentication.k8s.io", `userextras/${key}`, value);
  return {
    username,
    ...(uid ? { uid } : {}),
    groups: impersonatedGroups(username, groups, account),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

function impersonatedGroups(username: string, groups: readonly string[], account: RegExpExecArray | null): string[] {
  const all = account && groups.length === 0 ? serviceAccountGroups(account[1]!) : [...groups];
  const joined = username === "system:anonymous" ? "system:unauthenticated" : "system:authenticated";
  if (!all.includes("system:authenticated") && !all.includes("system:unauthenticated")) all.push(joined);
  return all;
}
