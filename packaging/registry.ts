/**
 * A registry on this machine that has our packages before they are published, and sends npm to its usual registry for
 * all others. What is installed from it is installed as users will do it.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import type { Packed } from "./pack.ts";

export interface Registry extends AsyncDisposable {
  /** For `npm_config_registry`. */
  readonly url: string;
}

export async function startRegistry(packed: readonly Packed[]): Promise<Registry> {
  const upstream = process.env["npm_config_registry"] ?? "https://registry.npmjs.org/";
  const tarballs = new Map(await Promise.all(packed.map(async (one) => [one.name, { ...one, bytes: await readFile(one.file) }] as const)));
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").slice(1));
    const [name = "", file] = path.split("/-/");
    const found = tarballs.get(name);
    if (!found) return void response.writeHead(302, { location: new URL(request.url ?? "/", upstream).href }).end();
    if (file) return void response.writeHead(200, { "content-type": "application/octet-stream" }).end(found.bytes);
    const dist = {
      tarball: `${url}/${name}/-/${found.version}.tgz`,
      integrity: `sha512-${createHash("sha512").update(found.bytes).digest("base64")}`,
    };
    const versions = { [found.version]: { ...manifest(found.bytes), dist } };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ name, "dist-tags": { latest: found.version }, versions }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** `package/package.json` of a tarball: tar has blocks of 512 bytes, a header with name and size (octal) before each file. */
function manifest(tarball: Buffer): object {
  const tar = gunzipSync(tarball);
  for (let at = 0; at < tar.length; ) {
    const name = tar.toString("utf8", at, at + 100).replace(/\0.*$/, "");
    const size = Number.parseInt(tar.toString("ascii", at + 124, at + 136), 8) || 0;
    if (name === "package/package.json") return JSON.parse(tar.toString("utf8", at + 512, at + 512 + size)) as object;
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error("a tarball without package.json");
}
