// node registry.ts FOLDER PORT: a registry of images that can be pulled and not pushed, from a folder in the OCI image layout.
// As on the machine of whoever builds an image and has its cluster pull it: `docker run -p 5080:5000 registry`.
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
const [folder = "", port = ""] = process.argv.slice(2);
const blobOf = (digest: string): string => join(folder, "blobs", ...digest.replaceAll("/", "").split(":"));

createServer((request, response) => {
  const [, kind, reference = ""] = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? "") ?? [];
  if (request.url === "/v2/") return void response.end();
  const { manifests } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: readonly Descriptor[] };
  const found = manifests.find(
    ({ digest, annotations }) => reference === digest || reference === annotations?.["org.opencontainers.image.ref.name"],
  );
  const digest = kind === "manifests" ? found?.digest : reference;
  if (kind === undefined || digest === undefined || !existsSync(blobOf(digest))) return void response.writeHead(404).end();
  const { length } = readFileSync(blobOf(digest));
  response.writeHead(200, {
    "content-type": (kind === "manifests" && found?.mediaType) || "application/octet-stream",
    "content-length": length,
    "docker-content-digest": digest,
  });
  if (request.method === "HEAD") response.end();
  else createReadStream(blobOf(digest)).pipe(response);
}).listen(Number(port), "127.0.0.1", () => console.log("listening"));
