import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import {
  createCa,
  createCsr,
  inspectCertificate,
  isIssuedBy,
  isKeyOf,
  issueCertificate,
  LEAF_VALIDITY,
  mergeBundles,
  readCsr,
  renewalTime,
  signCsr,
} from "./index.ts";

const ca = createCa({ commonName: "test authority" });
const directory = mkdtempSync(join(tmpdir(), "pki-"));
afterAll(() => rmSync(directory, { recursive: true }));
const openssl = (...args: string[]): string => execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const file = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};

/** What each end of a TLS connection learns of the other. */
async function handshake(serverPair: { certificate: string; key: string }, host: string, client?: { certificate: string; key: string }) {
  const server = createServer({
    cert: serverPair.certificate,
    key: serverPair.key,
    ca: ca.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const accepted = once(server, "secureConnection") as Promise<[TLSSocket]>;
  const identity = client ? { cert: client.certificate, key: client.key } : {};
  const socket = connect({
    port,
    host: "127.0.0.1",
    servername: host.match(/^\d/) ? "" : host,
    ca: ca.certificate,
    ...identity,
    checkServerIdentity: (_, cert) => checkIdentity(host, cert),
  });
  try {
    await Promise.race([once(socket, "secureConnect"), once(socket, "error").then(([error]) => Promise.reject(error))]);
    const [peer] = await accepted;
    return { authorized: peer.authorized, subject: peer.getPeerCertificate().subject };
  } finally {
    socket.destroy();
    server.close();
  }
}
const { checkServerIdentity: checkIdentity } = await import("node:tls");

describe("an authority of our own", () => {
  it("lasts ten years and may sign certificates but serve none", () => {
    const facts = inspectCertificate(ca.certificate);
    const years = (facts.notAfter.getTime() - Date.now()) / (365 * 86_400_000);
    expect(years).toBeGreaterThan(9.9);
    expect(facts.notBefore.getTime()).toBeLessThanOrEqual(Date.now() - 3_599_000);
    const text = openssl("x509", "-in", file("ca.crt", ca.certificate), "-noout", "-text");
    expect(text).toContain("CA:TRUE");
    expect(text).toContain("Certificate Sign");
    expect(text).toContain("NIST CURVE: P-256");
  });

  it("writes dates beyond 2049 in the long form", () => {
    const late = createCa({ commonName: "late", validity: 50 * 365 * 86_400_000 });
    expect(inspectCertificate(late.certificate).notAfter.getUTCFullYear()).toBeGreaterThan(2070);
    const leaf = issueCertificate(late, { commonName: "x", usages: ["client auth"] });
    expect(isIssuedBy(leaf.certificate, late.certificate)).toBe(true);
  });
});

describe("a leaf", () => {
  const leaf = issueCertificate(ca, {
    commonName: "hook",
    dnsNames: ["hook.ns.svc", "localhost"],
    ipAddresses: ["127.0.0.1", "::1", "fd00::1:2"],
    usages: ["server auth"],
  });

  it("is accepted by openssl as a server's, and not as a client's", () => {
    const [crt, root] = [file("leaf.crt", leaf.certificate), file("root.crt", ca.certificate)];
    expect(openssl("verify", "-x509_strict", "-CAfile", root, "-purpose", "sslserver", crt)).toContain("OK");
    expect(() => openssl("verify", "-CAfile", root, "-purpose", "sslclient", crt)).toThrow(
      /verification failed|unsuitable certificate purpose/i,
    );
  });

  it("serves its names and addresses over TLS and no other name", async () => {
    for (const host of ["hook.ns.svc", "localhost", "127.0.0.1"]) await handshake(leaf, host);
    await expect(handshake(leaf, "other.ns.svc")).rejects.toThrow(/altnames/);
  });

  it("carries its addresses, IPv6 included", () => {
    expect(inspectCertificate(leaf.certificate).ipAddresses).toEqual(["127.0.0.1", "0:0:0:0:0:0:0:1", "FD00:0:0:0:0:0:1:2"]);
  });

  it("identifies a user and its groups as a client certificate", async () => {
    const admin = issueCertificate(ca, { commonName: "admin", organizations: ["system:masters", "ops"], usages: ["client auth"] });
    const seen = await handshake(leaf, "localhost", admin);
    expect(seen).toEqual({ authorized: true, subject: { O: ["system:masters", "ops"], CN: "admin" } });
  });

  it("never outlives a year nor its authority", () => {
    const short = createCa({ commonName: "short", validity: 3_600_000 });
    const end = (pem: string): number => inspectCertificate(pem).notAfter.getTime();
    expect(end(issueCertificate(short, { commonName: "x", usages: ["server auth"] }).certificate)).toBe(end(short.certificate));
    const long = issueCertificate(ca, { commonName: "x", usages: ["server auth"], validity: 10 * LEAF_VALIDITY });
    expect(end(long.certificate)).toBeLessThanOrEqual(Date.now() + LEAF_VALIDITY);
  });

  it("is due after two thirds of its life", () => {
    const { notBefore, notAfter } = inspectCertificate(leaf.certificate);
    const due = renewalTime(leaf.certificate).getTime();
    expect((due - notBefore.getTime()) / (notAfter.getTime() - notBefore.getTime())).toBeCloseTo(2 / 3, 5);
  });

  it("is told from another's key and another's authority", () => {
    const other = createCa({ commonName: "test authority" });
    expect(isKeyOf(leaf.certificate, leaf.key)).toBe(true);
    expect(isKeyOf(leaf.certificate, other.key)).toBe(false);
    expect(isKeyOf("nonsense", leaf.key)).toBe(false);
    expect(isIssuedBy(leaf.certificate, ca.certificate)).toBe(true);
    expect(isIssuedBy(leaf.certificate, other.certificate)).toBe(false);
  });
});

describe("a signing request", () => {
  it("is understood by openssl, and openssl's is understood by us", () => {
    const { csr } = createCsr({ commonName: "a", organizations: ["b"], dnsNames: ["c.d"], ipAddresses: ["10.0.0.1"] });
    const text = openssl("req", "-in", file("a.csr", csr), "-noout", "-text", "-verify");
    expect(text).toContain("DNS:c.d, IP Address:10.0.0.1");
    const rsa = openssl(
      "req",
      "-new",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "/dev/null",
      "-subj",
      "/O=x/O=y/CN=z",
      "-addext",
      "subjectAltName=DNS:q,IP:::1",
    );
    expect(readCsr(rsa)).toMatchObject({ commonName: "z", organizations: ["x", "y"], dnsNames: ["q"], ipAddresses: ["0:0:0:0:0:0:0:1"] });
  });

  it("is signed for its own subject, names and key", () => {
    const { csr, key } = createCsr({ commonName: "me", organizations: ["g"], dnsNames: ["me.svc"] });
    const certificate = signCsr(ca, csr, { usages: ["server auth", "client auth"] });
    expect(isKeyOf(certificate, key)).toBe(true);
    expect(isIssuedBy(certificate, ca.certificate)).toBe(true);
    expect(inspectCertificate(certificate)).toMatchObject({ subject: "O=g\nCN=me", dnsNames: ["me.svc"] });
  });

  it("is refused when somebody changed it", () => {
    const { csr } = createCsr({ commonName: "honest" });
    const der = Buffer.from(csr.replace(/-----.*-----|\n/g, ""), "base64");
    der.write("HONEST", der.indexOf("honest"));
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
    expect(() => signCsr(ca, forged, { usages: [] })).toThrow("not signed with its own key");
    expect(() => readCsr("hello")).toThrow("not a PEM certificate request");
  });
});

it("bundles keep each certificate once", () => {
  const other = createCa({ commonName: "other" });
  const merged = mergeBundles(ca.certificate, `# comment\n${other.certificate}`, ca.certificate, "");
  expect(merged).toBe(ca.certificate + other.certificate);
});
