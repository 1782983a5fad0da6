import fc from "fast-check";
import { expect, test } from "vitest";
import { refuse, startApiServer, until } from "../../test/api-server.ts";
import { connect, dynamicResource } from "../client/index.ts";
import { informers } from "./index.ts";

const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
const names = ["a", "b", "c", "d", "e"];

const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant("put" as const), name: fc.constantFrom(...names) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("remove" as const), name: fc.constantFrom(...names) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("cut" as const, "truncate" as const, "end" as const, "compact" as const, "bookmark" as const),
      settled: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("refuse" as const), code: fc.constantFrom(410, 429, 500, 503) }) },
);

test("whatever breaks on the way, the store ends as the server is, and handlers heard each object's states in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 10, maxLength: 60 }), async (watchList, steps) => {
      await using server = await startApiServer();
      let refusal = 0;
      server.interceptions.push((_, response) => {
        if (refusal === 0) return false;
        refuse(response, refusal, { 410: "Expired", 429: "TooManyRequests" }[refusal] ?? "InternalError", "disturbed");
        refusal = 0;
        return true;
      });
      const client = connect({ text: server.kubeconfig() });
      const all = informers(client, { watchList, onError: () => {}, backoff: { baseMs: 1, maxMs: 4 } });
      const informer = all.for(ConfigMap);
      /** What a handler believes to be there, and every version that it was told of, by uid. */
      const believed = new Map<string, string>();
      const heard = new Map<string, number[]>();
      const hear = ({ metadata }: { readonly metadata: { readonly uid: string; readonly resourceVersion: string } }): void => {
        const versions = heard.get(metadata.uid) ?? [];
        versions.push(Number(metadata.resourceVersion));
        heard.set(metadata.uid, versions);
      };
      informer.addHandler({
        onAdd: (object) => {
          expect(believed.has(object.metadata.name)).toBe(false);
          believed.set(object.metadata.name, object.metadata.resourceVersion);
          hear(object);
        },
        onUpdate: (now, before) => {
          expect(believed.get(before.metadata.name)).toBe(before.metadata.resourceVersion);
          believed.set(now.metadata.name, now.metadata.resourceVersion);
          hear(now);
        },
        onDelete: ({ metadata }) => {
          expect(believed.delete(metadata.name)).toBe(true);
        },
      });
      all.start();
      const state = (objects: readonly { readonly metadata: { readonly name?: string; readonly resourceVersion?: string } }[]): string[] =>
        objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();
      const caughtUp = (): boolean => informer.hasSynced() && state(informer.lister.list()).join() === state(server.objects()).join();
      for (const [index, one] of steps.entries()) {
        // Half of the disturbances hit an informer that has caught up, the others whatever it is doing.
        if ("settled" in one && one.settled) await until(caughtUp, "settled");
        if (one.do === "put") server.put(one.name, { data: { index: String(index) } });
        else if (one.do === "remove") server.remove(one.name);
        else if (one.do === "cut") server.cutWatches();
        else if (one.do === "truncate") server.cutWatches('{"type":"MODIFIED","object":{"meta');
        else if (one.do === "end") server.endWatches();
        else if (one.do === "compact") server.compact();
        else if (one.do === "bookmark") server.bookmark();
        else if (one.do === "refuse") refusal = one.code;
      }
      const wanted = state(server.objects());
      await until(caughtUp, `the store becomes ${wanted.join()}`);
      await until(() => believed.size === wanted.length);
      expect([...believed].map(([name, version]) => `${name}@${version}`).sort()).toEqual(wanted);
      for (const versions of heard.values()) expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
      await all.stop();
      await client.close();
    }),
    { numRuns: 50 },
  );
}, 120_000);
