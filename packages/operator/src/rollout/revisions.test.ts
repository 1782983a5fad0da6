import { expect, test } from "vitest";
import type { SetRevision, SidecarSet } from "../sidecarset/index.ts";
import { planRevision, surplusRevisions } from "./revisions.ts";

const set = (image: string, more: Partial<SidecarSet["spec"]> = {}): SidecarSet => ({
  apiVersion: "apps.kruise.io/v1beta1",
  kind: "SidecarSet",
  metadata: { name: "logs", annotations: { "kruise.io/sidecarset-hash": image } },
  spec: { containers: [{ name: "a", image }], ...more },
});
const plan = (one: SidecarSet, known: readonly SetRevision[]) => planRevision(one, known, "manager", 0);

test("a new version of the set is a new revision; going back gives the old one a new number", () => {
  const first = plan(set("a:1"), []);
  expect(first).toMatchObject({ do: "create", latest: { revision: 1, metadata: { namespace: "manager" } } });
  const second = plan(set("a:2"), [first.latest]);
  expect(second).toMatchObject({ do: "create", latest: { revision: 2 } });
  const known = [first.latest, second.latest];
  expect(plan(set("a:2"), known).do).toBe("nothing");
  const back = plan(set("a:1"), known);
  expect(back).toMatchObject({ do: "renew", latest: { revision: 3, metadata: { name: first.latest.metadata.name } } });
});

test("a custom version is written to the revision, and to one that is there already", () => {
  const label = "apps.kruise.io/sidecarset-custom-version";
  const first = plan(set("a:1"), []);
  const renewed = plan(set("a:1", { customVersion: "one" }), [first.latest]);
  expect(renewed).toMatchObject({ do: "renew", latest: { revision: 1, metadata: { labels: { [label]: "one" } } } });
});

test("a name that another content has counts as a collision", () => {
  const first = plan(set("a:1"), []).latest;
  const other = { ...first, data: { spec: {} } };
  expect(plan(set("a:1"), [other])).toMatchObject({ do: "create", collisionCount: 1, latest: { revision: 2 } });
});

test("revisions beyond the limit go, the oldest first, but none that is in use", () => {
  const known: SetRevision[] = [];
  for (let number = 1; number <= 6; number++) known.push(plan(set(`a:${number}`), known).latest);
  const names = known.map(({ metadata }) => metadata.name!);
  const limited = set("a:6", { revisionHistoryLimit: 1, injectionStrategy: { revision: { revisionName: names[1]! } } });
  const surplus = surplusRevisions(limited, known, names[5]!, new Set([names[2]!]));
  expect(surplus.map(({ metadata }) => metadata.name)).toEqual([names[0], names[3]]);
});
