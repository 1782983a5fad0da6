import fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeObject } from "../api/index.ts";
import { type Client, dynamicResource } from "../client/index.ts";
import type { HandlerRegistration } from "./informer.ts";
import { SharedInformer } from "./shared-informer.ts";
import { storeKey } from "./store.ts";

const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
const place = { namespace: fc.constantFrom("a", "b"), name: fc.constantFrom("x", "y", "z") };
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant("put" as const), ...place, color: fc.constantFrom("red", "green") }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("remove" as const), ...place }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("disconnect" as const, "relist" as const, "bookmark" as const, "wait" as const) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("handler" as const), slow: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove handler" as const), which: fc.nat(5) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What a server holds, and whether the informer is connected to it. */
class Server {
  readonly objects = new Map<string, KubeObject>();
  version = 7;
  #uids = 0;

  put(namespace: string, name: string, color: string): KubeObject {
    const key = `${namespace}/${name}`;
    const uid = this.objects.get(key)?.metadata.uid ?? `uid-${++this.#uids}`;
    const object = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace, name, uid, resourceVersion: `${++this.version}`, labels: { color } },
    };
    this.objects.set(key, object);
    return object;
  }
  remove(key: string): KubeObject | undefined {
    const before = this.objects.get(key);
    if (!before || !this.objects.delete(key)) return undefined;
    return { ...before, metadata: { ...before.metadata, resourceVersion: `${++this.version}` } };
  }
}

/** A handler that checks what it is told against what it was told before, and against the store. */
class Believer {
  readonly objects = new Map<string, string>();
  readonly registration: HandlerRegistration;
  #last = new Map<string, number>();
  #inside = false;

  constructor(informer: SharedInformer, slow: boolean) {
    const tell = (type: "add" | "update" | "delete", object: unknown, before?: unknown): void | Promise<void> => {
      const { metadata } = object as KubeObject;
      const key = storeKey(metadata);
      const version = Number(metadata.resourceVersion);
      if (this.#inside) throw new Error("told of two changes at once");
      const last = this.#last.get(key) ?? 0;
      if (type === "delete" ? version < last : version <= last) throw new Error(`${type} of version ${version} after ${last}`);
      this.#last.set(key, version);
      const known = this.objects.get(key);
      if ((type === "add") !== (known === undefined)) throw new Error(`${type} of what was ${known}`);
      if (type === "update" && known !== (before as KubeObject).metadata.resourceVersion) throw new Error(`update from what was ${known}`);
      const stored = informer.lister.get(metadata as { namespace: string; name: string }) as KubeObject | undefined;
      if (type !== "delete" && stored && Number(stored.metadata.resourceVersion) < version)
        throw new Error("told before the store changed");
      if (type === "delete") this.objects.delete(key);
      else this.objects.set(key, String(version));
      if (!slow) return;
      this.#inside = true;
      return Promise.resolve().then(() => {
        this.#inside = false;
      });
    };
    this.registration = informer.addHandler({
      onAdd: (now) => tell("add", now),
      onUpdate: (now, before) => tell("update", now, before),
      onDelete: (last) => tell("delete", last),
    });
  }
}

const text = (objects: Iterable<unknown>): string =>
  Array.from(objects, (object) => `${storeKey((object as KubeObject).metadata)}@${(object as KubeObject).metadata.resourceVersion}`)
    .sort()
    .join();

/** Plays the steps, and compares the informer with the server after each, and the handlers at the end. */
async function play(steps: readonly Step[]): Promise<void> {
  const server = new Server();
  const errors: unknown[] = [];
  const informer = new SharedInformer({} as Client, ConfigMap, {
    watchList: true,
    handlerBuffer: 1000,
    onError: (error) => errors.push(error),
  });
  informer.addIndex("color", ({ metadata }) => [metadata.labels?.["color"] ?? ""]);
  const believers: Believer[] = [new Believer(informer as never, false)];
  let connected = false;
  const relist = (): void => {
    informer.replace(
      [...server.objects.values()].map((object) => informer.prepare(structuredClone(object))),
      String(server.version),
    );
    connected = true;
  };
  for (const one of steps) {
    if (one.do === "put") {
      const object = server.put(one.namespace, one.name, one.color);
      if (connected) informer.set(structuredClone(object), String(server.version));
    } else if (one.do === "remove") {
      const object = server.remove(storeKey(one));
      if (connected && object) informer.delete(object, String(server.version));
    } else if (one.do === "disconnect") {
      connected = false;
    } else if (one.do === "relist") {
      relist();
    } else if (one.do === "bookmark") {
      server.version++;
      if (connected) informer.bookmark(String(server.version));
    } else if (one.do === "wait") {
      await Promise.resolve();
    } else if (one.do === "handler") {
      believers.push(new Believer(informer as never, one.slow));
    } else if (one.do === "remove handler" && believers.length > 1) {
      const [gone] = believers.splice(1 + (one.which % (believers.length - 1)), 1) as [Believer];
      gone.registration.remove();
      // Whatever waits for the first list of a handler that is gone waits in vain.
      gone.registration.synced().catch(() => {});
    }
    if (connected) agree(informer as never, server);
  }
  relist();
  agree(informer as never, server);
  await Promise.all(believers.map(({ registration }) => registration.synced()));
  const wanted = text(server.objects.values());
  const views = (): string[] =>
    believers.map(({ objects }) =>
      Array.from(objects, ([key, version]) => `${key}@${version}`)
        .sort()
        .join(),
    );
  // Handlers are told in microtasks, and after ten milliseconds of those in another turn.
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  for (let turn = 0; turn < 100 && !views().every((view) => view === wanted); turn++) await new Promise((resolve) => setImmediate(resolve));
  for (const view of views()) if (view !== wanted) throw new Error(`a handler believes ${view}, the server has ${wanted}`);
  if (errors.length > 0) throw errors[0];
}

function agree(informer: SharedInformer, { objects, version }: Server): void {
  const { lister } = informer;
  const all = [...objects.values()];
  if (text(lister.list()) !== text(all)) throw new Error(`the store holds ${text(lister.list())}, the server ${text(all)}`);
  for (const namespace of ["a", "b"])
    if (text(lister.list({ namespace })) !== text(all.filter(({ metadata }) => metadata.namespace === namespace)))
      throw new Error(`namespace ${namespace}`);
  for (const color of ["red", "green"]) {
    const wanted = text(all.filter(({ metadata }) => metadata.labels?.["color"] === color));
    if (text(lister.byIndex("color", color)) !== wanted) throw new Error(`index ${color}`);
    if (text(lister.list({ labels: { color } })) !== wanted) throw new Error(`selector ${color}`);
  }
  if (informer.lastSyncedResourceVersion !== String(version)) throw new Error(`at ${informer.lastSyncedResourceVersion}, not ${version}`);
}

test("after any sequence of changes, disconnections and relists, store, indexes and every handler's view are the server's state", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25, size: "max" }), (steps) => play(steps)),
    { numRuns: 10_000 },
  );
}, 120_000);

test("a relist reports what vanished as deleted, with its last known state", async () => {
  const informer = new SharedInformer({} as Client, ConfigMap, { watchList: true, handlerBuffer: 1000, onError: () => {} });
  const server = new Server();
  const lost: unknown[] = [];
  informer.addHandler({ onDelete: (last) => void lost.push(last) });
  const object = server.put("a", "x", "red");
  informer.replace([object], "8");
  informer.replace([], "9");
  await Promise.resolve();
  expect(lost).toEqual([object]);
});
