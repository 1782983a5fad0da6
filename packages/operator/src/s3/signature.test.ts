import { describe, expect, test } from "vitest";
import { signRequest } from "./index.ts";
import { parseListing } from "./listing.ts";

// The examples of AWS's page "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)".
const context = {
  credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
  region: "us-east-1",
  now: new Date("2013-05-24T00:00:00Z"),
};
const host = "examplebucket.s3.amazonaws.com";
const signatureOf = (request: Parameters<typeof signRequest>[0]): string | undefined =>
  /Signature=(\w+)/.exec(signRequest(request, context).headers["authorization"]!)?.[1];
const nothing = new Uint8Array(0);

describe("a signature is the one that AWS computes", () => {
  test("of an object that is read, with a further header", () => {
    expect(signatureOf({ method: "GET", path: "/test.txt", query: {}, headers: { host, range: "bytes=0-9" }, body: nothing })).toBe(
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
  });
  test("of an object that is written, with a character to encode", () => {
    const headers = { host, date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" };
    const body = Buffer.from("Welcome to Amazon S3.");
    expect(signatureOf({ method: "PUT", path: "/test$file.text", query: {}, headers, body })).toBe(
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    );
  });
  test("of a query, with an empty value and with several", () => {
    const of = (query: Record<string, string>) => signatureOf({ method: "GET", path: "/", query, headers: { host }, body: nothing });
    expect(of({ lifecycle: "" })).toBe("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    expect(of({ prefix: "J", "max-keys": "2" })).toBe("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  });
});

test("a listing is read with its escapes, its prefixes and its next page", () => {
  const xml = `<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken>
    <Contents><Key>x/&lt;1&#62;&quot;</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>12</Size></Contents>
    <CommonPrefixes><Prefix>x/y/</Prefix></CommonPrefixes></ListBucketResult>`;
  expect(parseListing(xml)).toEqual({
    objects: [{ key: 'x/<1>"', bytes: 12, modified: "2026-01-01T00:00:00.000Z" }],
    prefixes: ["x/y/"],
    next: "a&b",
  });
});
