import { compareResourceVersions } from "@outrigger/kit/api";
import type { Transport } from "@outrigger/kit/client";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Devcluster } from "../index.ts";
import { startDevcluster } from "../start.ts";

interface Stored {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}
type Operation =
  | { readonly op: "create" | "delete"; readonly name: string; readonly value: string }
  | { readonly op: "put" | "patch"; readonly name: string; readonly value: string; readonly version: "none" | "right" | "old" };

/** API sequences that are tried. */
const SEQUENCES = 5_000;
const name = fc.constantFrom("a", "b", "c");
const value = fc.constantFrom("0", "1", "2");
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constantFrom("create" as const, "delete" as const), name, value }),
  fc.record({ op: fc.constantFrom("put" as const, "patch" as const), name, value, version: fc.constantFrom("none", "right", "old") }),
);

let cluster: Devcluster;
let transport: Transport;
beforeAll(async () => {
  cluster = await startDevcluster({ bare: true });
  transport = cluster.transport();
});
afterAll(() => cluster.close());

async function send(method: string, path: string, body?: object, type = "application/json"): Promise<{ code: number; object: Stored }> {
  const given = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": type } };
  const answer = await transport.request({ method, path, ...given });
  return { code: answer.status, object: JSON.parse(await answer.text()) as Stored };
}

/** What a watch from a version on tells, until it has told of the newest one. */
async function replay(path: string, from: string, newest: string, onto: Map<string, Stored>): Promise<void> {
  if (from === newest) return;
  const ends = new AbortController();
  const watch = await transport.request({
    method: "GET",
    path: `${path}?watch=true&resourceVersion=${from}`,
    stream: true,
    signal: ends.signal,
  });
  for await (const line of watch.lines()) {
    const { type, object } = JSON.parse(line) as { type: string; object: Stored };
    if (type === "DELETED") onto.delete(object.metadata.name);
    else onto.set(object.metadata.name, object);
    if (object.metadata.resourceVersion === newest) break;
  }
  ends.abort();
}

let namespaces = 0;
it(`${SEQUENCES} random sequences leave what a map would hold, by versions that rise, and watches that replay them end alike`, {
  timeout: 180_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 10 }), fc.nat(), async (operations, seed) => {
      const namespace = `n${++namespaces}`;
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const made = await send("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      let newest = made.object.metadata.resourceVersion;
      const model = new Map<string, Stored>();
      const first = new Map<string, string>();
      const states: { readonly version: string; readonly objects: Map<string, Stored> }[] = [{ version: newest, objects: new Map() }];
      for (const one of operations) {
        const known = model.get(one.name);
        const body = (more: object) => ({
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: one.name, ...more },
          data: { v: one.value },
        });
        const at = `${path}/${one.name}`;
        let answer: { code: number; object: Stored };
        if ("version" in one) {
          const version =
            one.version === "right" ? known?.metadata.resourceVersion : one.version === "old" ? first.get(one.name) : undefined;
          const more = version === undefined ? {} : { resourceVersion: version };
          answer =
            one.op === "put" ? await send("PUT", at, body(more)) : await send("PATCH", at, body(more), "application/merge-patch+json");
          const stale = version !== undefined && version !== known?.metadata.resourceVersion;
          expect(answer.code).toBe(!known ? 404 : stale ? 409 : 200);
        } else if (one.op === "create") {
          answer = await send("POST", path, body({}));
          expect(answer.code).toBe(known ? 409 : 201);
        } else {
          answer = await send("DELETE", at);
          expect(answer.code).toBe(known ? 200 : 404);
        }
        if (answer.code >= 400) continue;
        if (one.op === "delete") model.delete(one.name);
        else {
          const { resourceVersion, uid } = answer.object.metadata;
          const silent = known !== undefined && known.data?.["v"] === one.value;
          if (silent) expect(answer.object).toEqual(known);
          else expect(compareResourceVersions(resourceVersion, newest)).toBeGreaterThan(0);
          if (known) expect(uid).toBe(known.metadata.uid);
          else first.set(one.name, resourceVersion);
          model.set(one.name, answer.object);
          if (!silent) newest = resourceVersion;
        }
        if (one.op !== "delete") states.push({ version: newest, objects: new Map(model) });
      }
      const listed = (await send("GET", path)).object as unknown as { metadata: { resourceVersion: string }; items: Stored[] };
      const data = (objects: Iterable<Stored>) =>
        [...objects].map(({ metadata, data: held }) => [metadata.name, metadata.resourceVersion, held]).sort();
      expect(data(listed.items)).toEqual(data(model.values()));
      // A marker ends the replay: what was deleted last has a version that no object shows.
      const marker = await send("POST", path, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "marker" } });
      const start = states[seed % states.length]!;
      await replay(path, start.version, marker.object.metadata.resourceVersion, start.objects);
      start.objects.delete("marker");
      expect(data(start.objects.values())).toEqual(data(model.values()));
    }),
    { numRuns: SEQUENCES, seed: 20_260_101 },
  );
});
