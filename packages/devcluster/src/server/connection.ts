// What connections of both versions of HTTP share.
import { Buffer } from "node:buffer";
import type { TLSSocket } from "node:tls";
import { refusal } from "../registry/index.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";
import { refused } from "./respond.ts";

/** The largest body: `MaxRequestBodyBytes` of the apiserver. */
export const maxBody = 3 * 1024 * 1024;

/** Bytes that may wait to be sent on one stream; beyond that the connection or stream is closed. */
export const maxBacklog = 64 * 1024 * 1024;

/** Milliseconds until a request must have arrived completely. This does not limit watches: they are silent after their request. */
export const requestTimeoutMs = 60_000;

export type CertificateOf = NonNullable<ApiRequest["certificate"]>;

/** The subject of the client's certificate; undefined without one, or unless a trusted authority signed it. */
export function clientCertificate(socket: Pick<TLSSocket, "authorized" | "getPeerCertificate">): CertificateOf | undefined {
  if (!socket.authorized) return undefined;
  const subject = socket.getPeerCertificate()?.subject as { CN?: string; O?: string | string[] } | undefined;
  if (!subject?.CN) return undefined;
  return { commonName: subject.CN, organizations: subject.O === undefined ? [] : Array.isArray(subject.O) ? subject.O : [subject.O] };
}

export function targetOf(target: string): Pick<ApiRequest, "path" | "query"> {
  const question = target.indexOf("?");
  return {
    path: question < 0 ? target : target.slice(0, question),
    query: new URLSearchParams(question < 0 ? "" : target.slice(question + 1)),
  };
}

/** Bytes of a body. */
export function lengthOf(body: ApiResponse["body"]): number {
  return body === undefined ? 0 : typeof body === "string" ? Buffer.byteLength(body) : body.length;
}

export function tooLarge(): ApiResponse {
  return refused(
    refusal({ code: 413, reason: "RequestEntityTooLarge", message: `Request entity too large: limit is ${maxBody}`, details: {} }),
  );
}
