#!/usr/bin/env node
// The command line needs Node 22.19 or newer. Started by an older one it goes on under the Node that the project brings
// (the npm package `node`); this file itself must run on old ones, and lies here rather than in dist/ so that npm can
// link it before anything is built.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import * as modules from "node:module";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

if (!existsSync(main)) {
  console.error("outrigger: not built yet; run `npm run build` in the repository first");
  process.exitCode = 1;
} else if (major > 22 || (major === 22 && minor >= 19)) {
  if (process.argv.length === 3 && ["--version", "-V"].includes(process.argv[2] ?? "")) {
    // Asked by scripts and completions; nothing else is loaded for it.
    console.log(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version);
  } else {
    // Compiled code is kept between runs, where Node can.
    modules.enableCompileCache?.();
    await import(new URL("../dist/main.js", import.meta.url).href);
  }
} else {
  runUnderOwnNode();
}

function runUnderOwnNode() {
  let node;
  try {
    node = modules.createRequire(import.meta.url).resolve("node/bin/node");
  } catch {
    console.error(
      `outrigger: needs Node 22.19 or newer, this is ${process.versions.node}; install a newer one, or run \`npm ci\` in the repository, which brings its own`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal ? 1 : 0);
  });
}
