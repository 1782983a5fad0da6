import { Buffer } from "node:buffer";
import { badRequest } from "./errors.ts";

/** Where the next page begins, and at which revision. */
export interface Position {
  /** -1 when the list goes on in the present (after a 410). */
  readonly revision: number;
  /** The key after which it goes on, below the prefix of the list. */
  readonly after: string;
}

/** Version 1 tokens of the apiserver: `{"v":"meta.k8s.io/v1","rv":…,"start":…}` in URL-safe base 64. */
export function encodeContinue({ revision, after }: Position): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: `${after}\u0000` })).toString("base64url");
}

/** @throws StatusError where the token is none of ours. */
export function decodeContinue(text: string): Position {
  const bytes = Buffer.from(text, "base64url");
  let token: { v?: string; rv?: number; start?: string };
  try {
    token = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as typeof token;
  } catch {
    throw badRequest(`invalid continue token: continue key is not valid: ${firstProblem(bytes)}`);
  }
  if (token?.v !== "meta.k8s.io/v1")
    throw badRequest("invalid continue token: continue key is not valid: server does not recognize this encoded version");
  if (!token.rv)
    throw badRequest("invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (!token.start) throw badRequest("invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)");
  return { revision: token.rv, after: token.start.endsWith("\0") ? token.start.slice(0, -1) : token.start };
}

/** What a Go decoder says about bytes that begin no JSON value. */
function firstProblem(bytes: Buffer): string {
  const first = bytes[0];
  if (first === undefined) return "unexpected end of JSON input";
  const character =
    first < 0x20 || first > 0x7e
      ? `'\\u${first.toString(16).padStart(4, "0")}'`
      : first === 0x27
        ? `'\\''`
        : `'${String.fromCharCode(first)}'`;
  return `invalid character ${character} looking for beginning of value`;
}
