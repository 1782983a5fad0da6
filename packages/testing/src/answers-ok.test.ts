import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answersOk } from "./answers-ok.ts";

const ca = createCa({ commonName: "answers-ok" });
const { certificate: cert, key } = issueCertificate(ca, { commonName: "server", ipAddresses: ["127.0.0.1"], usages: ["server auth"] });
const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
  "/ok": (response) => response.end("ok, and ready"),
  "/refused": (response) => response.writeHead(403).end("ok"),
  "/cut": (response) => response.writeHead(200, { "content-length": 100 }).write("ok", () => response.destroy()),
  "/reset": (response) => response.destroy(),
};
const server = createServer({ cert, key }, (request, response) => answers[request.url!]!(response));
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

test("only a whole answer of 200 that holds what was wanted is one", async () => {
  const question = { ca: ca.certificate };
  expect(await answersOk(`${url}/ok`, question)).toBe(true);
  expect(await answersOk(`${url}/ok`, { ...question, containing: "ready" })).toBe(true);
  expect(await answersOk(`${url}/ok`, { ...question, containing: "healthy" })).toBe(false);
  expect(await answersOk(`${url}/refused`, question)).toBe(false);
  expect(await answersOk(`${url}/reset`, question)).toBe(false);
});

test("an answer that is cut off after its headers is none", async () => {
  expect(await answersOk(`${url}/cut`, { ca: ca.certificate })).toBe(false);
});
