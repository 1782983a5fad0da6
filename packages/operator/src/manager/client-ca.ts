import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { inspectCertificate, mergeBundles } from "@outrigger/kit/pki";
import type { WebhookServer } from "@outrigger/kit/webhook";

const LOOK_MS = 10_000;

/** The authorities in a file. @throws Error that names the file, where it cannot be read or holds no certificate. */
export function readClientCa(file: string): string {
  return checked(file, readFileSync(file, "utf8"));
}

/** Takes over what the file says, as it changes, every ten seconds. What is no certificate is reported, and the last good one stays. Returns what ends it. */
export function followClientCa(server: WebhookServer, file: string, report: (line: string) => void): () => void {
  let last = readClientCa(file);
  const timer = setInterval(async () => {
    try {
      const next = checked(file, await readFile(file, "utf8"));
      if (next === last) return;
      server.setClientCa(next);
      last = next;
    } catch (error) {
      report((error as Error).message);
    }
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

function checked(file: string, text: string): string {
  const bundle = mergeBundles(text);
  if (bundle === "")
    throw new Error(`${file} holds no certificate: --webhook-client-ca wants the authority of API servers' client certificates`);
  inspectCertificate(bundle);
  return bundle;
}
