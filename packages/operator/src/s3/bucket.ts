import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { errorOfAnswer, S3Error } from "./errors.ts";
import { type Listing, parseListing } from "./listing.ts";
import { type Credentials, signRequest } from "./signature.ts";

export interface BucketOptions {
  /** `https://s3.eu-central-1.amazonaws.com`, `http://minio.storage.svc:9000`; without a path. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** `Path` is `endpoint/bucket/key`; `VirtualHost` is `bucket.endpoint/key`. */
  readonly addressing: "Path" | "VirtualHost";
  readonly credentials: Credentials;
  /** PEM: the only authorities whose certificates are taken. Default: those that Node knows. */
  readonly ca?: string;
  /** How long one request may take altogether, milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Resolves names. Default: the system's resolver. */
  readonly lookup?: LookupFunction;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly region: string | undefined;
}

/** Answers longer than this are refused, bytes: chunks are smaller. */
const MAX_ANSWER = 64 << 20;
/** Connections side by side. */
const SOCKETS = 8;
const NOTHING = new Uint8Array(0);

/** A bucket of an S3-compatible object store. */
export class Bucket {
  readonly #options: BucketOptions;
  readonly #url: URL;
  readonly #agent: HttpAgent;
  readonly #closing = new AbortController();

  constructor(options: BucketOptions) {
    this.#options = options;
    this.#url = new URL(options.endpoint);
    const pool = { keepAlive: true, maxSockets: SOCKETS };
    this.#agent =
      this.#url.protocol === "https:" ? new HttpsAgent({ ...pool, ...(options.ca ? { ca: options.ca } : {}) }) : new HttpAgent(pool);
  }

  /** @throws S3Error */
  async put(key: string, body: Uint8Array, contentType: string): Promise<void> {
    await this.#send("PUT", key, {}, body, { "content-type": contentType });
  }

  /** @returns `undefined` where there is no such object. @throws S3Error */
  async get(key: string): Promise<Buffer | undefined> {
    const { status, body } = await this.#send("GET", key, {}, NOTHING, {}, true);
    return status === 404 ? undefined : body;
  }

  /** Deletes an object; that there is none is no error. @throws S3Error */
  async delete(key: string): Promise<void> {
    await this.#send("DELETE", key, {}, NOTHING, {}, true);
  }

  /** The objects under a prefix, page by page. @throws S3Error */
  async *list(prefix: string, delimiter?: string): AsyncGenerator<Listing> {
    let token: string | undefined;
    do {
      const query = {
        "list-type": "2",
        prefix,
        ...(delimiter === undefined ? {} : { delimiter }),
        ...(token === undefined ? {} : { "continuation-token": token }),
      };
      const { body } = await this.#send("GET", "", query, NOTHING, {});
      const page = parseListing(body.toString("utf8"));
      token = page.next;
      yield page;
    } while (token !== undefined);
  }

  /** Ends the requests under way; further ones fail. */
  close(): void {
    this.#closing.abort();
    this.#agent.destroy();
  }

  async #send(
    method: string,
    key: string,
    query: Readonly<Record<string, string>>,
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    missingIsAnswer = false,
  ): Promise<Answer> {
    const { bucket, addressing, region, credentials, timeoutMs = 30_000 } = this.#options;
    const isPath = addressing === "Path";
    const host = isPath ? this.#url.host : `${bucket}.${this.#url.host}`;
    const signed = signRequest(
      { method, path: isPath ? `/${bucket}/${key}` : `/${key}`, query, headers: { ...headers, host }, body },
      { credentials, region, now: new Date() },
    );
    const what = `${method} ${key === "" ? "the list" : key} of bucket ${bucket} at ${this.#url.host}`;
    const answer = await this.#exchange(
      what,
      method,
      signed,
      body,
      isPath ? this.#url.hostname : `${bucket}.${this.#url.hostname}`,
      timeoutMs,
    );
    const text = answer.status >= 300 ? answer.body.toString("utf8") : "";
    if (answer.status < 300 || (missingIsAnswer && answer.status === 404 && isMissing(text))) return answer;
    throw errorOfAnswer(what, answer.status, text, answer.region);
  }

  #exchange(
    what: string,
    method: string,
    { target, headers }: { readonly target: string; readonly headers: Record<string, string> },
    body: Uint8Array,
    hostname: string,
    timeoutMs: number,
  ): Promise<Answer> {
    const isTls = this.#url.protocol === "https:";
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void =>
        reject(
          error instanceof S3Error
            ? error
            : new S3Error("Unreachable", `${what}: ${error.message || (error as NodeJS.ErrnoException).code}`, { cause: error }),
        );
      const sent = (isTls ? httpsRequest : httpRequest)({
        agent: this.#agent,
        ...(this.#options.lookup ? { lookup: this.#options.lookup } : {}),
        method,
        hostname: hostname.replace(/^\[|\]$/g, ""),
        port: this.#url.port || (isTls ? 443 : 80),
        path: target,
        headers: { ...headers, "content-length": body.length },
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#closing.signal]),
      });
      sent.on("error", (error: NodeJS.ErrnoException) =>
        fail(
          error.code !== "ABORT_ERR"
            ? error
            : new Error(this.#closing.signal.aborted ? "closed" : `no answer within ${timeoutMs / 1000} s`),
        ),
      );
      sent.on("response", (response) => void read(response, what).then(resolve, fail));
      sent.end(body);
    });
  }
}

/** Whether it is the object that is not there: a 404 can be about the bucket, and about the key of the Secret. */
function isMissing(body: string): boolean {
  return !body.includes("<Code>") || body.includes("<Code>NoSuchKey</Code>");
}

async function read(response: IncomingMessage, what: string): Promise<Answer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response) {
    bytes += (part as Buffer).length;
    if (bytes > MAX_ANSWER) throw new S3Error("Refused", `${what}: the answer is longer than ${MAX_ANSWER} bytes`);
    parts.push(part as Buffer);
  }
  return {
    status: response.statusCode ?? 0,
    body: Buffer.concat(parts),
    region: response.headers["x-amz-bucket-region"] as string | undefined,
  };
}
