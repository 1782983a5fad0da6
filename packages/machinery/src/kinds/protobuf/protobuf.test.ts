import { readFileSync } from "node:fs";
import type { KubeObject } from "@outrigger/kit/api";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeProtobuf, encodeProtobuf, encodeProtobufEvent, ProtobufError } from "./index.ts";

/** Objects as one real API server gave them in both forms. */
const recorded = JSON.parse(readFileSync(new URL("../testdata/protobuf.json", import.meta.url), "utf8")) as {
  json: KubeObject;
  protobuf: string;
}[];
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));
const pod = bytesOf(recorded.find(({ json }) => json.kind === "Pod")!.protobuf);

/** The wire has no nulls, and no kinds of embedded objects. */
const onWire = (object: KubeObject): unknown =>
  JSON.parse(JSON.stringify(object), (key, value: unknown) => {
    if (key === "volumeClaimTemplates")
      for (const claim of value as Record<string, unknown>[]) for (const field of ["apiVersion", "kind"]) delete claim[field];
    return value === null && key !== "" ? undefined : value;
  });

describe("protobuf bodies", () => {
  test.each(recorded.map((one) => [`${one.json.apiVersion} ${one.json.kind} ${one.json.metadata.name}`, one] as const))(
    "%s is what its JSON is",
    (_name, { json, protobuf }) => {
      const decoded = decodeProtobuf(bytesOf(protobuf));
      // Nulls inside of embedded JSON stay, as they do in what the server answers.
      expect(JSON.parse(JSON.stringify(decoded), (key, value: unknown) => (value === null && key !== "" ? undefined : value))).toEqual(
        onWire(json),
      );
    },
  );

  test.each(recorded.map((one) => [`${one.json.apiVersion} ${one.json.kind} ${one.json.metadata.name}`, one] as const))(
    "%s is written as what it is read from",
    (_name, { json, protobuf }) => {
      const written = encodeProtobuf(json);
      expect(decodeProtobuf(written)).toEqual(decodeProtobuf(bytesOf(protobuf)));
    },
  );

  test("a frame of a watch is its length, the event's type, and the object with its envelope", () => {
    const status = { apiVersion: "v1", kind: "Status", code: 410, message: "é" };
    const frame = encodeProtobufEvent("ERROR", status);
    expect(new DataView(frame.buffer).getUint32(0)).toBe(frame.length - 4);
    const object = encodeProtobuf(status);
    const raw = Buffer.concat([Buffer.from([0x0a]), lengthOf(object), object]);
    expect(Buffer.from(frame.subarray(4))).toEqual(
      Buffer.concat([Buffer.from([0x0a, 5]), Buffer.from("ERROR"), Buffer.from([0x12]), lengthOf(raw), raw]),
    );
    expect(decodeProtobuf(object)).toEqual(status);
  });

  test("a kind that stands in no table, such as DeleteOptions, is known in each group", () => {
    // gracePeriodSeconds: 0, propagationPolicy: "Orphan".
    const options = Buffer.concat([Buffer.from([0x08, 0, 0x22, 6]), Buffer.from("Orphan")]);
    for (const apiVersion of ["v1", "apps/v1", "policy/v1", "meta.k8s.io/v1", "example.com/v1"])
      expect(decodeProtobuf(envelope(apiVersion, "DeleteOptions", options))).toEqual({
        apiVersion,
        kind: "DeleteOptions",
        gracePeriodSeconds: 0,
        propagationPolicy: "Orphan",
      });
  });

  test("fields from the future are skipped", () => {
    const future = Buffer.concat([
      Buffer.from([0xf8, 0x07, 0x96, 0x01]),
      Buffer.from([0xfa, 0x07, 2, 1, 2]),
      Buffer.from([0x0a, 3, 0x0a, 1, 0x61]),
    ]);
    expect(decodeProtobuf(envelope("v1", "ConfigMap", future))).toEqual({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } });
  });

  test("a key named __proto__ is a key", () => {
    const entry = Buffer.concat([Buffer.from([0x0a, 9]), Buffer.from("__proto__"), Buffer.from([0x12, 1, 0x78])]);
    const { data } = decodeProtobuf(envelope("v1", "ConfigMap", Buffer.concat([Buffer.from([0x12, entry.length]), entry]))) as unknown as {
      data: object;
    };
    expect(Object.entries(data)).toEqual([["__proto__", "x"]]);
  });
});

describe("bodies that make no sense are refused", () => {
  test.each([
    ["", "empty data"],
    ["{}", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"],
    ["k8s\0\n", "unexpected EOF"],
  ])("%j", (body, message) => {
    expect(() => decodeProtobuf(Buffer.from(body))).toThrow(new ProtobufError(message));
  });

  test("a kind that is not known", () => {
    expect(() => decodeProtobuf(envelope("example.com/v1", "Widget", Buffer.alloc(0)))).toThrow(
      'no kind "Widget" is registered for version "example.com/v1"',
    );
  });

  test("a time in no year", () => {
    // metadata.creationTimestamp.seconds: 2^62.
    const time = Buffer.from([0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]);
    const metadata = Buffer.concat([Buffer.from([0x42, time.length]), time]);
    expect(() => decodeProtobuf(envelope("v1", "ConfigMap", Buffer.concat([Buffer.from([0x0a, metadata.length]), metadata])))).toThrow(
      ProtobufError,
    );
  });

  test("nesting without end", () => {
    // not: {not: {not: …}}: field 28 of JSONSchemaProps in itself.
    let schema = Buffer.alloc(0);
    for (let depth = 0; depth < 5000; depth++) schema = Buffer.concat([Buffer.from([0xe2, 0x01]), lengthOf(schema), schema]);
    const wrapped = [1, 3, 7, 2].reduce((inner, field) => Buffer.concat([Buffer.from([(field << 3) | 2]), lengthOf(inner), inner]), schema);
    expect(() => decodeProtobuf(envelope("apiextensions.k8s.io/v1", "CustomResourceDefinition", wrapped))).toThrow(ProtobufError);
  });

  test("each body that is cut short or spoilt gives an object or a ProtobufError, nothing else", () => {
    fc.assert(
      fc.property(fc.nat(pod.length), fc.nat(255), fc.nat(pod.length), (at, byte, length) => {
        const spoilt = Uint8Array.from(pod.subarray(0, Math.max(length, 5)));
        if (at < spoilt.length) spoilt[at] = byte;
        try {
          decodeProtobuf(spoilt);
        } catch (error) {
          if (!(error instanceof ProtobufError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

function envelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const field = (number: number, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([(number << 3) | 2]), lengthOf(bytes), bytes]);
  const typeMeta = Buffer.concat([field(1, Buffer.from(apiVersion)), field(2, Buffer.from(kind))]);
  return Buffer.concat([Buffer.from("k8s\0"), field(1, typeMeta), field(2, raw)]);
}

function lengthOf(bytes: Uint8Array): Buffer {
  const varint: number[] = [];
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      varint.push(rest);
      return Buffer.from(varint);
    }
    varint.push((rest % 128) | 0x80);
  }
}
