import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  pinnedRevision,
  revisionData,
  revisionHash,
  revisionName,
  revisionsOf,
  type SetRevision,
  type SidecarSet,
  setAtRevision,
} from "./index.ts";

const recordings = new URL("../../testdata/kruise/", import.meta.url).pathname;
const read = <T>(folder: string): (T & { name: string })[] =>
  globSync(`${recordings}${folder}/*.json`)
    .sort()
    .map((file) => JSON.parse(readFileSync(file, "utf8")) as T & { name: string });

interface Defaulted {
  v1beta1: SidecarSet;
  controllerRevisions: { name: string; data: { spec: object }; labels: Record<string, string> }[];
}
interface Rolled {
  storedSidecarset: SidecarSet;
  steps: { stored?: SidecarSet }[];
  controllerRevisions: { name: string; revision: number }[];
}

describe("revisions are named and filled as kruise's", () => {
  test.each(read<Defaulted>("defaulting").filter(({ controllerRevisions }) => controllerRevisions?.length > 0))(
    "$name",
    ({ v1beta1, controllerRevisions: [recorded] }) => {
      const data = revisionData(v1beta1.spec);
      expect(data).toEqual(recorded!.data);
      expect(revisionName(v1beta1.metadata.name!, revisionHash(data))).toBe(recorded!.name);
    },
  );

  test.each(read<Rolled>("rollout"))("each version of the set in $name", ({ name, storedSidecarset, steps, controllerRevisions }) => {
    const specs = [storedSidecarset.spec, ...steps.flatMap(({ stored }) => (stored === undefined ? [] : [stored.spec]))];
    const names = new Set(specs.map((spec) => revisionName(name, revisionHash(revisionData(spec)))));
    expect([...names].sort()).toEqual(controllerRevisions.map((recorded) => recorded.name).sort());
  });
});

const revision = (name: string, number: number, customVersion?: string): SetRevision => ({
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  metadata: {
    name,
    labels: {
      "kruise.io/sidecarset-name": name.slice(0, name.lastIndexOf("-")),
      ...(customVersion === undefined ? {} : { "apps.kruise.io/sidecarset-custom-version": customVersion }),
    },
    annotations: { "kruise.io/sidecarset-hash": `hash of ${name}` },
  },
  revision: number,
  data: { spec: { $patch: "replace", containers: [{ name: "agent", image: `agent:${number}` }], volumes: null } },
});

test("a collision count gives another name", () => {
  const data = revisionData({ containers: [{ name: "a" }] });
  expect(revisionHash(data, 1)).not.toBe(revisionHash(data, 0));
});

test("revisions of one set come the oldest first, and a pin finds its own", () => {
  const all = [revision("a-2", 2, "one"), revision("b-1", 1, "one"), revision("a-1", 1, "one"), revision("a-3", 3, "two")];
  const ofA = revisionsOf("a", all);
  expect(ofA.map(({ metadata }) => metadata.name)).toEqual(["a-1", "a-2", "a-3"]);
  expect(pinnedRevision({ customVersion: "one" }, ofA)?.metadata.name).toBe("a-2");
  expect(pinnedRevision({ revisionName: "a-1", customVersion: "two" }, ofA)?.metadata.name).toBe("a-1");
  expect(pinnedRevision({ revisionName: "b-1" }, ofA)).toBeUndefined();
  expect(pinnedRevision({}, ofA)).toBeUndefined();
});

test("a set at a revision has its containers and hashes, and today's selector and strategy", () => {
  const set: SidecarSet = {
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "a", annotations: { "kruise.io/sidecarset-hash": "today", mine: "kept" } },
    spec: { selector: { matchLabels: { x: "y" } }, containers: [{ name: "agent", image: "agent:9" }], volumes: [{ name: "v" }] },
  };
  expect(setAtRevision(set, revision("a-1", 1))).toEqual({
    ...set,
    metadata: { name: "a", annotations: { "kruise.io/sidecarset-hash": "hash of a-1", mine: "kept" } },
    spec: { selector: { matchLabels: { x: "y" } }, containers: [{ name: "agent", image: "agent:1" }] },
  });
});
