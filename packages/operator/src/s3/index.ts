/**
 * A client for the part of S3 that an archive needs: put, get, delete and list objects of one bucket.
 *
 * Guarantees
 * - Requests are signed with Signature Version 4, the body included.
 * - A request ends within `timeoutMs`, with an answer or an `S3Error` that says what to do.
 *
 * Assumptions
 * - Objects fit into memory; nothing is uploaded in several parts.
 *
 * Caveats
 * - No proxy is used.
 */
export { Bucket, type BucketOptions } from "./bucket.ts";
export { S3Error, type S3Problem } from "./errors.ts";
export type { ListedObject } from "./listing.ts";
export { type Credentials, signRequest } from "./signature.ts";
