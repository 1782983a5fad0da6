import type { Buffer } from "node:buffer";
import type { UserInfo } from "../registry/index.ts";

/** A request as the handler sees it, whether it came over a socket or from this process. */
export interface ApiRequest {
  readonly method: string;
  /** Decoded segments are taken from this; starts with `/`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names; of repeated headers all values, in order. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** What the client's certificate says, when it showed one of ours. */
  readonly certificate?: { readonly commonName: string; readonly organizations: readonly string[] };
  /** Address of the client; absent for a request from this process. */
  readonly remoteAddress?: string;
  /** Who asks, where that is known without credentials (in this process). */
  readonly user?: UserInfo;
}

/** Where the frames of a stream go. */
export interface Sink {
  write(chunk: Uint8Array | string): void;
  end(): void;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | string;
  /** Writes the body over time; called once the head was sent. */
  readonly stream?: (sink: Sink) => void;
}

export function header(request: Pick<ApiRequest, "headers">, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : (value as string | undefined);
}

/** All values of a header. */
export function headerValues(request: Pick<ApiRequest, "headers">, name: string): readonly string[] {
  const value = request.headers[name];
  return value === undefined ? [] : Array.isArray(value) ? value : [value as string];
}
