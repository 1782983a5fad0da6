import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "./parts.ts";

/** A real S3 server of the npm registry; no dependency, since nothing but these tests needs it. It knows keys, but does not compute signatures of version 4. */
const SERVER = "s3rver@3.7.1";
export const KEYS = { accessKeyId: "AKIDTEST", secretAccessKey: "secret/of+test" };

/**
 * S3 promises that an object is there as a whole once its upload is answered; this server answers before it has written, so that is
 * put right here. Its continuation tokens need the old ciphers.
 */
const PROGRAM = `
const S3rver = require("s3rver"), Store = require("s3rver/lib/stores/filesystem");
const fs = require("node:fs/promises"), { dirname } = require("node:path"), { createHash } = require("node:crypto");
Store.prototype.putObject = async function ({ bucket, key, content, metadata }) {
  const parts = [];
  if (Buffer.isBuffer(content)) parts.push(content); else for await (const part of content) parts.push(part);
  const path = this.getResourcePath(bucket, key, "object"), body = Buffer.concat(parts);
  await fs.mkdir(dirname(path), { recursive: true });
  await fs.writeFile(path + ".new", body);
  await fs.rename(path + ".new", path);
  const md5 = createHash("md5").update(body).digest("hex");
  await this.putMetadata(bucket, key, metadata, md5);
  return { size: body.length, md5 };
};
const [folder, host, port, options] = process.argv.slice(1);
require("s3rver/lib/models/account").DUMMY_ACCOUNT.createKeyPair(...${JSON.stringify(Object.values(KEYS))});
new S3rver({ directory: folder, address: host, port: Number(port), silent: true, configureBuckets: [{ name: "logs" }], ...JSON.parse(options) })
  .run().then(({ port }) => console.log(port));`;

export interface ObjectStore {
  readonly endpoint: string;
  /** Of the server's data: the bucket `logs` is a folder in it. */
  readonly folder: string;
  stop(): Promise<void>;
  /** Again, at the same address and with the same data. */
  start(): Promise<void>;
}

export interface ObjectStoreOptions {
  readonly folder: string;
  readonly host?: string;
  /** PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly serviceEndpoint?: string;
}

/** Starts an S3 server with the bucket `logs`. */
export async function startObjectStore({ folder, host = "127.0.0.1", tls, serviceEndpoint }: ObjectStoreOptions): Promise<ObjectStore> {
  const modules = await installed();
  let port = "0";
  let child: ChildProcess | undefined;
  const options = JSON.stringify({ ...tls, ...(serviceEndpoint ? { serviceEndpoint } : { vhostBuckets: false }) });
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, ["--openssl-legacy-provider", "-e", PROGRAM, folder, host, port, options], {
      cwd: modules,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = (await once(child.stdout!, "data")) as [Buffer];
    port = said.toString().trim();
  };
  const stop = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  await start();
  return { endpoint: `${tls ? "https" : "http"}://${host}:${port}`, folder, start, stop };
}

async function installed(): Promise<string> {
  const cache = join(homedir(), ".cache", "outrigger");
  const folder = join(cache, SERVER);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, "new-"));
  await run("npm", ["install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", SERVER]);
  try {
    renameSync(fresh, folder);
  } catch {
    // Another test was quicker.
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}
