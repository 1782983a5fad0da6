import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Figure } from "../main.ts";

const COMMAND = join(import.meta.dirname, "../../packages/cli/bin/outrigger.js");
const MIB = 1024 * 1024;
const GOAL_SECONDS = 3;
/** Times one reading of the text by `yaml`, in a process of its own too. */
const GOAL_RATIO = 5;
const TEMPLATE = `containers: [{name: proxy, image: "proxy:1", volumeMounts: [{name: run, mountPath: /run/proxy}]}]
volumes: [{name: run, emptyDir: {}}]
env: [{name: PROXY, value: "on"}]
`;
const READ = `import { readFileSync } from "node:fs"; import { parseAllDocuments } from "yaml";
for (const one of parseAllDocuments(readFileSync(process.argv[1], "utf8"))) one.toJS();`;

/** `outrigger inject` as people start it: 1,000 files, and files of 5 MiB in each form, beside one reading of the same text. */
export async function run(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-bench-"));
  try {
    const rules = join(folder, "rules.yaml");
    writeFileSync(rules, TEMPLATE);
    const many = join(folder, "many");
    mkdirSync(many);
    for (let index = 0; index < 1000; index++) writeFileSync(join(many, `${index}.yaml`), manifest(index));
    const thousand = await timed([COMMAND, "inject", many, "--rules", rules]);
    const figures: Figure[] = [
      {
        what: "`outrigger inject` on 1,000 manifests",
        value: `${thousand.seconds.toFixed(1)} s, ${thousand.mebibytes.toFixed(0)} MiB`,
        goal: `≤ ${GOAL_SECONDS} s`,
        met: thousand.seconds <= GOAL_SECONDS,
      },
    ];
    for (const [form, text] of Object.entries(bigFiles())) {
      const file = join(folder, `big-${figures.length}.yaml`);
      writeFileSync(file, text);
      const reading = await timed(["--input-type=module", "-e", READ, file]);
      const injecting = await timed([COMMAND, "inject", file, "--rules", rules]);
      const ratio = injecting.seconds / reading.seconds;
      figures.push({
        what: `the same on ${form} of 5 MiB, beside one reading of it by \`yaml\``,
        value: `${ratio.toFixed(2)} × (${injecting.seconds.toFixed(1)} s, ${injecting.mebibytes.toFixed(0)} MiB)`,
        goal: `≤ ${GOAL_RATIO} ×`,
        met: ratio <= GOAL_RATIO,
      });
    }
    return figures;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function manifest(index: number): string {
  return `# number ${index}\n${stringify(deployment(index))}`;
}

function deployment(index: number): object {
  const labels = { app: `web-${index}` };
  const container = {
    name: "web",
    image: `registry.example.com/web:${index}`,
    command: ["sh", "-c", "exec web --port=8080"],
    env: [
      { name: "A", value: "1" },
      { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ],
    resources: { requests: { cpu: "100m", memory: "128Mi" } },
    readinessProbe: { httpGet: { path: "/healthz", port: 8080 } },
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: `web-${index}`, labels },
    spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
  };
}

function bigFiles(): Readonly<Record<string, string>> {
  const listOf = (size: number): object => ({
    apiVersion: "v1",
    kind: "List",
    items: Array.from({ length: size }, (_, index) => deployment(index)),
  });
  const filled = (text: (size: number) => string): string => text(Math.round((1000 * 5 * MIB) / text(1000).length));
  return {
    "a stream of documents": filled((size) => Array.from({ length: size }, (_, index) => manifest(index)).join("---\n")),
    "a List": filled((size) => stringify(listOf(size))),
    "a List in JSON on one line": filled((size) => JSON.stringify(listOf(size))),
  };
}

/** A program of Node, to its end. @throws Error with what it said. */
function timed(args: readonly string[]): Promise<{ readonly seconds: number; readonly mebibytes: number }> {
  const start = performance.now();
  // The most memory that it had, as the last line of standard error.
  const told = `process.on("exit", () => process.stderr.write("\\n" + process.resourceUsage().maxRSS))`;
  const all = ["--import", `data:text/javascript,${encodeURIComponent(told)}`, ...args];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, all, { cwd: import.meta.dirname, maxBuffer: 64 * MIB }, (error, _, stderr) => {
      if (error) reject(new Error(stderr));
      else resolve({ seconds: (performance.now() - start) / 1000, mebibytes: Number(stderr.split("\n").at(-1)) / 1024 });
    });
  });
}
