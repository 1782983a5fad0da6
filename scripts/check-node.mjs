// The package `node` brings its program by an install script, which no lock file covers: npm fetches another package there.
// This refuses a program that is not the one that was looked at. Run by the Node that npm runs with, for the one in question
// comes first in PATH, and after `npm ci` by npm itself (`prepare`). docs/decisions/0065-node-by-hash.md.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** SHA-256 of bin/node in the packages node-<platform>-<arch>, by version. */
const KNOWN = {
  "24.21.0": {
    "linux-x64": "7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c",
    "linux-arm64": "0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584",
  },
};

const folder = process.argv[2] ?? fileURLToPath(new URL("../node_modules/node", import.meta.url));
const program = `${folder}/bin/node`;
// Without development dependencies there is none.
if (existsSync(program)) {
  const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const platform = `${process.platform}-${process.arch}`;
  const known = KNOWN[version];
  if (known === undefined) fail(`there is no hash for Node ${version}: look at it, and put its hashes into scripts/check-node.mjs`);
  if (known[platform] === undefined) console.warn(`check-node: there is no hash for ${platform}; ${program} is taken as it is`);
  else {
    const hash = createHash("sha256");
    for await (const part of createReadStream(program)) hash.update(part);
    const found = hash.digest("hex");
    if (found !== known[platform])
      fail(
        `${program} is not Node ${version} for ${platform}: its SHA-256 is ${found}, not ${known[platform]}. Do not run it: remove node_modules, and see where npm's registry points`,
      );
  }
}

/** @param {string} message what is wrong and what to do */
function fail(message) {
  console.error(`check-node: ${message}`);
  process.exit(1);
}
