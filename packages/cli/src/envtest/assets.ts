import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { quoted } from "../dev.ts";
import { CliError } from "../errors.ts";
import { whyNotWritten } from "../files.ts";

/** `outrigger envtest FOLDER`: writes the programs there, and prints the folder for `KUBEBUILDER_ASSETS`. */
export function writeAssets(folder: string): void {
  const path = resolve(folder);
  try {
    mkdirSync(path, { recursive: true });
    for (const [name, module] of [
      ["kube-apiserver", "kube-apiserver-main"],
      ["etcd", "etcd-main"],
    ] as const) {
      const main = fileURLToPath(new URL(`./${module}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url));
      const beside = join(path, `.${name}.${process.pid}.new`);
      // By its absolute path: tests run with whatever Node is on the PATH there, or none.
      writeFileSync(beside, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(main)} "$@"\n`);
      chmodSync(beside, 0o755);
      renameSync(beside, join(path, name));
    }
    linkKubectl(join(path, "kubectl"));
  } catch (error) {
    const why = whyNotWritten(error);
    if (why === undefined) throw error;
    throw new CliError(`cannot write ${path} (${why}): name another folder`, { cause: error });
  }
  console.log(path);
}

/** envtest offers its tests a kubectl from the same folder; one that is there already stays. */
function linkKubectl(path: string): void {
  if (existsSync(path)) return;
  rmSync(path, { force: true });
  const found = [
    process.env["KUBECTL"],
    ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => folder && join(folder, "kubectl")),
  ];
  const kubectl = found.find((file) => file && existsSync(file));
  if (kubectl) symlinkSync(resolve(kubectl), path);
}
