// node scripts/kinds/recorded.ts RECORDINGS: takes from recordings of a real API server what the tests of packages/machinery/src/kinds
// compare with: bodies of creates with what was stored of them, and objects with their rows of tables.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Json {
  [field: string]: unknown;
}
interface Stored extends Json {
  apiVersion: string;
  kind: string;
  metadata: { name?: string; resourceVersion?: string };
}
interface Step {
  request: { method: string; path: string; body?: Stored };
  response?: {
    status: number;
    body?: Stored & {
      rows?: { cells: unknown[]; conditions?: unknown[]; object?: { metadata: { name: string; resourceVersion: string } } }[];
    };
  };
}
const [recordings = ""] = process.argv.slice(2);
const scenarios = (file: string): { name: string; steps: Step[] }[] =>
  JSON.parse(readFileSync(join(recordings, "http", file), "utf8")) as { name: string; steps: Step[] }[];

const created: { sent: Stored; stored: Stored }[] = [];
const shown: { object: Stored; cells: unknown[]; conditions?: unknown[] }[] = [];
for (const file of ["01-kinds.json", "05-list-watch.json", "07-subresources-deletion.json"])
  for (const { steps } of scenarios(file)) {
    const last = new Map<string, Stored>();
    for (const { request, response } of steps) {
      const body = response?.body;
      if (!body?.kind) continue;
      if (body.kind === "Table") {
        for (const { cells, conditions, object } of body.rows ?? []) {
          const found = last.get(object?.metadata.name ?? request.path.split("?")[0]!.split("/").at(-1)!);
          // Something may have written between the two requests.
          if (!found || (object && object.metadata.resourceVersion !== found.metadata.resourceVersion)) continue;
          const row = { object: found, cells, ...(conditions ? { conditions } : {}) };
          if (!shown.some((one) => JSON.stringify(one) === JSON.stringify(row))) shown.push(row);
        }
        continue;
      }
      if (!body.metadata?.name || body.kind.endsWith("List") || body.kind === "PartialObjectMetadata") continue;
      if (file.startsWith("01") && request.method === "POST" && response?.status === 201 && request.body?.kind === body.kind)
        created.push({ sent: request.body, stored: body });
      last.set(body.metadata.name, withoutManagedFields(body));
    }
  }

function withoutManagedFields<T>(object: T): T {
  return JSON.parse(JSON.stringify(object, (key, value) => (key === "managedFields" ? undefined : (value as unknown)))) as T;
}

const folder = new URL("../../packages/machinery/src/kinds/testdata/", import.meta.url);
mkdirSync(folder, { recursive: true });
const lines = (items: unknown[]): string => `[\n${items.map((item) => JSON.stringify(withoutManagedFields(item))).join(",\n")}\n]\n`;
writeFileSync(new URL("created.json", folder), lines(created));
writeFileSync(new URL("shown.json", folder), lines(shown));
console.log(`${created.length} creates, ${shown.length} rows`);
