import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Place } from "./access.ts";
import { KubeconfigError } from "./errors.ts";
import type { Entry } from "./kubeconfig-files.ts";

/** Text in PEM, the field that gave it, and the file where it is one. */
export interface Pem {
  readonly pem: string;
  readonly field: string;
  readonly file?: string;
}

/** The fields of one entry, read with their file and path at hand for the message. */
export class Fields {
  readonly entry: Entry;
  readonly #path: string;
  constructor(entry: Entry, path: string) {
    this.entry = entry;
    this.#path = path;
  }
  path(name: string): string {
    return `${this.#path}.${name}`;
  }
  /** Where the entry itself stands. */
  get place(): Place {
    return { file: this.entry.file, field: this.#path };
  }
  wrong(name: string, problem: string, cause?: unknown): KubeconfigError {
    return new KubeconfigError(this.entry.file, this.path(name), problem, cause);
  }
  value(name: string): unknown {
    return this.entry.body[name] ?? undefined;
  }
  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || value === "") return undefined;
    if (typeof value !== "string" && typeof value !== "number") throw this.wrong(name, "must be a string");
    return String(value);
  }
  texts(name: string): readonly string[] {
    const value = this.value(name) ?? [];
    if (!Array.isArray(value) || value.some((one) => typeof one !== "string")) throw this.wrong(name, "must be a list of strings");
    return value as string[];
  }
  flag(name: string): boolean {
    const value = this.value(name) ?? false;
    if (typeof value !== "boolean") throw this.wrong(name, "must be true or false");
    return value;
  }
  map(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) throw this.wrong(name, "must be a map");
    return value as Record<string, unknown>;
  }
  file(name: string): string | undefined {
    const path = this.text(name);
    return path === undefined || isAbsolute(path) ? path : join(this.entry.folder, path);
  }
  /** PEM from `<name>-data` in base64, or from the file that `<name>` names. */
  pem(name: string): Pem | undefined {
    const data = this.text(`${name}-data`);
    if (data !== undefined) {
      if (!isBase64(data)) throw this.wrong(`${name}-data`, "is not base64");
      const pem = Buffer.from(data, "base64").toString("utf8");
      if (!pem.includes("-----BEGIN ")) throw this.wrong(`${name}-data`, "holds no PEM block");
      return { pem, field: `${name}-data` };
    }
    const path = this.file(name);
    if (path === undefined) return undefined;
    try {
      const pem = readFileSync(path, "utf8");
      if (!pem.includes("-----BEGIN ")) throw this.wrong(name, `${path} holds no PEM block`);
      return { pem, field: name, file: path };
    } catch (cause) {
      if (cause instanceof KubeconfigError) throw cause;
      throw this.wrong(name, `cannot read ${path}: ${(cause as Error).message}`, cause);
    }
  }
}

/** Reads a certificate in PEM. */
export function readCertificate(fields: Fields, { pem, field }: Pem): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw fields.wrong(field, "is no certificate", cause);
  }
}

/** As Go decodes it: whole groups of four, line ends between them. */
function isBase64(text: string): boolean {
  const bare = text.replace(/\s/g, "");
  return bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare);
}
