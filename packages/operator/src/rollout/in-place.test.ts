import { describe, expect, test } from "vitest";
import type { SeenPod } from "../seen-pod/index.ts";
import type { SidecarSet } from "../sidecarset/index.ts";
import { emptied, patchOf, updated } from "./in-place.ts";
import { podState } from "./pod-state.ts";
import { rolloutSet } from "./rollout-set.ts";

const NOW = "2026-05-05T05:05:05Z";
const set = (container: object, hash = "new"): SidecarSet => ({
  apiVersion: "apps.kruise.io/v1beta1",
  kind: "SidecarSet",
  metadata: {
    name: "mesh",
    resourceVersion: "77",
    annotations: { "kruise.io/sidecarset-hash": hash, "kruise.io/sidecarset-hash-without-image": "bare" },
  },
  spec: { selector: { matchLabels: { app: "web" } }, containers: [container as { name: string }] },
});
const hot = (image: string) => ({ name: "p", image, upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" } });

interface Running {
  readonly [container: string]: { readonly image: string; readonly runs?: string; readonly ready?: boolean };
}
function pod(containers: Running, annotations: Record<string, string> = {}, hash = "old"): SeenPod {
  const entry = (value: string): string =>
    JSON.stringify({ mesh: { hash: value, sidecarList: ["p"], controllerRevision: "mesh-1" }, other: { hash: "x", kept: null } });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web",
      namespace: "default",
      uid: "u",
      resourceVersion: "5",
      labels: { app: "web" },
      annotations: {
        "kruise.io/sidecarset-injected-list": "mesh",
        "kruise.io/sidecarset-hash": entry(hash),
        "kruise.io/sidecarset-hash-without-image": entry("bare"),
        ...annotations,
      },
    },
    spec: { containers: Object.entries(containers).map(([name, { image }]) => ({ name, image })) },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: Object.entries(containers).map(([name, { image, runs = image, ready = true }]) => ({
        name,
        image: runs,
        imageID: `id of ${runs}`,
        ready,
        restartCount: 0,
      })),
    },
  };
}

describe("an update in place", () => {
  test("is one patch of the images and the records, refused of any other version of the pod", () => {
    const before = pod({ p: { image: "p:1" }, app: { image: "app:1" } });
    const change = updated(before, rolloutSet(set({ name: "p", image: "p:2" })), "mesh-2", NOW);
    const patch = patchOf(before, change) as { metadata: { resourceVersion: string; annotations: Record<string, string> }; spec: object };
    expect(patch.spec).toEqual({ containers: [{ name: "p", image: "p:2" }] });
    expect(patch.metadata.resourceVersion).toBe("5");
    const { annotations } = patch.metadata;
    expect(JSON.parse(annotations["kruise.io/sidecarset-hash"]!)).toEqual({
      mesh: { updateTimestamp: NOW, hash: "new", sidecarSetName: "mesh", sidecarList: ["p"], controllerRevision: "mesh-2" },
      other: { hash: "x", kept: null },
    });
    expect(JSON.parse(annotations["kruise.io/sidecarset-inplace-update-state"]!)).toEqual({
      mesh: { revision: "new", updateTimestamp: NOW, lastContainerStatuses: { p: { imageID: "id of p:1", restartCount: 0 } } },
    });
  });

  test("is done when the image's id is another, or the runtime reports the new image under its full name", () => {
    const compiled = rolloutSet(set({ name: "p", image: "p:2" }));
    const state = {
      "kruise.io/sidecarset-inplace-update-state": JSON.stringify({
        mesh: { lastContainerStatuses: { p: { imageID: "id of p:1", restartCount: 0 } } },
      }),
    };
    const at = (runs: string, id?: string, restartCount = 0, generations: [number, number] = [2, 2]) => {
      const one = pod({ p: { image: "p:2", runs }, app: { image: "app:1" } }, state, "new");
      const containerStatuses = one.status!.containerStatuses!.map((status) =>
        status.name === "p" ? { ...status, restartCount, imageID: id ?? status.imageID } : status,
      );
      const [generation, observedGeneration] = generations;
      return podState(
        { ...one, metadata: { ...one.metadata, generation }, status: { ...one.status!, observedGeneration, containerStatuses } },
        compiled,
      );
    };
    expect(at("p:1")).toMatchObject({ updated: true, settled: false, busy: true });
    expect(at("p:2")).toMatchObject({ settled: true, busy: false });
    expect(at("docker.io/library/p:2", "id of p:1")).toMatchObject({ settled: true });
    // A second name of one image has its id: a restart since the kubelet saw the update is what tells.
    expect(at("p:1", "id of p:1", 1)).toMatchObject({ settled: true });
    expect(at("p:1", "id of p:1", 1, [3, 2])).toMatchObject({ settled: false });
  });

  test("a pod that a newer list of containers does not fit still counts, by the list that it carries itself", () => {
    const renamed = rolloutSet(set({ name: "q", image: "q:1" }));
    expect(podState(pod({ p: { image: "p:1" }, app: { image: "app:1" } }), renamed)).toMatchObject({ updated: false });
    expect(podState(pod({ app: { image: "app:1" } }), renamed)).toBeUndefined();
  });
});

describe("a hot upgrade", () => {
  const compiled = rolloutSet(set(hot("p:2")));
  const works = (container: string) => ({ "kruise.io/sidecarset-working-hotupgrade-container": JSON.stringify({ p: container }) });

  test("gives the new image to the idle container and empties the other once the new one is ready", () => {
    const before = pod({ "p-1": { image: "p:1" }, "p-2": { image: "empty:1" }, app: { image: "app:1" } }, works("p-1"));
    const change = updated(before, compiled, "mesh-2", NOW);
    expect(change.images).toEqual([{ container: "p-2", from: "empty:1", to: "p:2" }]);
    expect(change.annotations).toMatchObject({
      "kruise.io/sidecarset-working-hotupgrade-container": '{"p":"p-2"}',
      "version.sidecarset.kruise.io/p-2": "77",
      "versionalt.sidecarset.kruise.io/p-1": "77",
    });
    const state = change.annotations["kruise.io/sidecarset-inplace-update-state"]!;
    const during = (more: Partial<Running[string]>) =>
      pod(
        { "p-1": { image: "p:1" }, "p-2": { ...more, image: "p:2" }, app: { image: "app:1" } },
        { ...works("p-2"), "kruise.io/sidecarset-inplace-update-state": state },
        "new",
      );
    expect(emptied(during({ runs: "empty:1" }), compiled, NOW)).toBeUndefined();
    expect(emptied(during({ ready: false }), compiled, NOW)).toBeUndefined();
    const flip = emptied(during({}), compiled, NOW)!;
    expect(flip.images).toEqual([{ container: "p-1", from: "p:1", to: "empty:1" }]);
    expect(flip.annotations).toMatchObject({ "version.sidecarset.kruise.io/p-1": "0", "versionalt.sidecarset.kruise.io/p-2": "0" });
  });

  test("that failed is mended in the container that failed: the one that works goes on", () => {
    const failed = pod(
      { "p-1": { image: "p:1" }, "p-2": { image: "p:bad", runs: "empty:1", ready: false }, app: { image: "app:1" } },
      works("p-2"),
    );
    expect(updated(failed, compiled, "mesh-2", NOW).images).toEqual([{ container: "p-2", from: "p:bad", to: "p:2" }]);
  });

  test("leaves the pair alone when only another container of the set changes", () => {
    const two = set(hot("p:1"));
    two.spec.containers!.push({ name: "cold", image: "cold:2" });
    const before = pod(
      { "p-1": { image: "p:1" }, "p-2": { image: "empty:1" }, cold: { image: "cold:1" }, app: { image: "app:1" } },
      works("p-1"),
    );
    expect(updated(before, rolloutSet(two), "mesh-2", NOW).images).toEqual([{ container: "cold", from: "cold:1", to: "cold:2" }]);
  });

  test("empties a container that is broken itself and keeps the pod from being ready", () => {
    const during = pod({ "p-1": { image: "p:1", ready: false }, "p-2": { image: "p:2" }, app: { image: "app:1" } }, works("p-2"), "new");
    expect(emptied(during, compiled, NOW)?.images).toEqual([{ container: "p-1", from: "p:1", to: "empty:1" }]);
  });
});
