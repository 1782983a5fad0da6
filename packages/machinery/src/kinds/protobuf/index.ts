/**
 * Kubernetes' protobuf bodies, as the objects that JSON would have given, and the other way.
 *
 * Guarantees
 * - Knows each message of Kubernetes' stable API groups, and `DeleteOptions` and its like in any group.
 * - Fields that Go would leave out of JSON are left out; numbers of fields that are not known are skipped, as every
 *   protobuf reader does.
 * - A body that is cut short or makes no sense is a `ProtobufError`, never a wrong object; nesting is limited.
 *
 * Caveats
 * - Integers beyond 2^53 lose digits, as in JSON.parse.
 */
export { decodeProtobuf, encodeProtobuf, encodeProtobufEvent } from "./envelope.ts";
export { ProtobufError } from "./wire.ts";
