// The process that is tested: informers and handlers behind the proxy, and nothing else, so that its memory is theirs.

import { type Informer, type Informers, informers } from "@outrigger/kit/cache";
import { connect } from "@outrigger/kit/client";
import { type InformerPlan, plans } from "./informers.ts";
import { COLOR, namespaces, SEQUENCE } from "./kinds.ts";
import type { FromWatcher, Record, StoreState, ToWatcher } from "./protocol.ts";
import { Random } from "./random.ts";

interface Seen {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: { readonly [name: string]: string };
    readonly annotations?: { readonly [name: string]: string };
  };
}

const random = new Random(Number(process.argv[3]));
// What hangs is to be noticed in the time of a short run.
const client = connect({ file: process.argv[2]! }, { timeoutMs: 5000 });
const send = (message: FromWatcher): void => void process.send?.(message);
const onError = (error: unknown): void => {
  const { code = "", reason = "", name = "", message = String(error) } = error as { [field: string]: string };
  send({ type: "error", code: [code || name, reason].filter(Boolean).join(" "), message });
};
const common = { onError, backoff: { baseMs: 200, maxMs: 4000 }, quietMs: 8000 };
const sets: { readonly [set in InformerPlan["set"]]: Informers } = {
  watchlist: informers(client, common),
  list: informers(client, { ...common, watchList: false }),
  small: informers(client, { ...common, handlerBuffer: 50 }),
};

let records: Record[] = [];
const all: { readonly informer: Informer; readonly addLate: () => void }[] = [];
let number = 0;
for (const plan of plans) {
  const informer = sets[plan.set].for(plan.resource, plan.options);
  informer.addIndex(COLOR, (object) => [(object as unknown as Seen).metadata.labels?.[COLOR] ?? ""]);
  const late: (() => void)[] = [];
  for (const manner of plan.handlers) {
    const own = number++;
    const tell = (what: Record[1], now: Seen, before: string): void | Promise<void> => {
      const { name, namespace = "", uid, resourceVersion, labels, annotations } = now.metadata;
      // What else a cluster holds is nobody's of this run.
      if (!namespaces.includes(namespace)) return;
      const stored = informer.lister.get({ namespace, name });
      records.push([
        own,
        what,
        `${namespace}/${name}`,
        uid,
        resourceVersion,
        Number(annotations?.[SEQUENCE] ?? -1),
        labels?.[COLOR] ?? "",
        before,
        stored?.metadata.resourceVersion ?? "",
        Date.now(),
      ]);
      if (manner === "throws" && random.chance(0.01)) throw new Error("on purpose");
      if (manner === "slow") return new Promise((resolve) => setTimeout(resolve, random.between(0, 12)));
    };
    const add = (): void => {
      const registration = informer.addHandler(
        {
          onAdd: (now) => tell("add", now as unknown as Seen, ""),
          onUpdate: (now, before) => tell("update", now as unknown as Seen, (before as unknown as Seen).metadata.resourceVersion),
          onDelete: (last) => tell("delete", last as unknown as Seen, ""),
        },
        { frozen: manner !== "looks" },
      );
      void registration.synced().then(
        () => records.push([own, "synced", "", "", "", -1, "", "", "", Date.now()]),
        () => {},
      );
    };
    if (manner === "late") late.push(add);
    else add();
  }
  all.push({ informer: informer as unknown as Informer, addLate: () => late.forEach((add) => void add()) });
}
for (const set of Object.values(sets)) set.start();

function stateOf(informer: Informer): StoreState {
  const objects: { [key: string]: string } = {};
  const byColor: { [color: string]: string[] } = {};
  const keyOf = ({ metadata }: Seen): string => `${metadata.namespace}/${metadata.name}`;
  for (const object of informer.lister.list() as unknown as readonly Seen[]) {
    const { resourceVersion, annotations } = object.metadata;
    objects[keyOf(object)] = `${resourceVersion} ${annotations?.[SEQUENCE]}`;
  }
  for (const color of ["red", "green", "blue"])
    byColor[color] = (informer.lister.byIndex(COLOR, color) as unknown as readonly Seen[]).map(keyOf).sort();
  return { objects, byColor, synced: informer.hasSynced() };
}

function flush(): void {
  if (records.length === 0) return;
  send({ type: "records", records });
  records = [];
}
setInterval(flush, 250);
setInterval(() => {
  globalThis.gc?.();
  send({ type: "heap", used: process.memoryUsage().heapUsed });
}, 5000);
process.on("message", (message: ToWatcher) => {
  if (message.type === "late") {
    for (const { addLate } of all) addLate();
  } else if (message.type === "stores") {
    flush();
    send({ type: "stores", stores: all.map(({ informer }) => stateOf(informer)) });
  } else {
    void Promise.all(Object.values(sets).map((set) => set.stop()))
      .then(() => client.close())
      .then(() => process.exit(0));
  }
});
process.on("disconnect", () => process.exit(1));
send({ type: "ready" });
