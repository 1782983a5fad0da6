import type { KubeObject } from "@outrigger/kit/api";
import type { SchemaNode } from "@outrigger/kit/schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyConfiguration, conflictStatus, keepTimesIfUnchanged, updateManagedFields } from "../index.ts";
import { FieldSet } from "./field-set.ts";
import { lastApplied, updateLastApplied } from "./last-applied.ts";

const string: SchemaNode = { type: "string" };
const schema: SchemaNode = {
  type: "object",
  properties: {
    data: { type: "object", additionalProperties: string },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port", "protocol"],
      items: {
        type: "object",
        properties: { port: { type: "integer" }, protocol: { type: "string", default: "TCP" }, name: string },
      },
    },
    args: { type: "array", items: string },
    selector: { type: "object", "x-kubernetes-map-type": "atomic", additionalProperties: string },
    status: { type: "object", properties: { phase: string } },
  },
};
const now = new Date("2026-01-02T03:04:05.678Z");
const later = new Date("2026-01-02T04:00:00Z");
const thing = (fields: object): KubeObject => ({ apiVersion: "v1", kind: "Thing", metadata: { name: "t" }, ...fields });
const apply = (live: KubeObject | undefined, manager: string, fields: object, options: object = {}) =>
  applyConfiguration({ live, config: thing(fields), manager, schema, resetFields: [["status"]], now, ...options });
const applied = (live: KubeObject | undefined, manager: string, fields: object, options: object = {}) => {
  const { object, conflicts } = apply(live, manager, fields, options);
  expect(conflicts).toEqual([]);
  return object;
};
const written = (before: KubeObject | undefined, fields: object, manager: string) => {
  const after = thing(fields);
  after.metadata.managedFields = updateManagedFields({ before, after, manager, schema, resetFields: [["status"]], now });
  return after;
};
const owners = (object: KubeObject) =>
  Object.fromEntries((object.metadata.managedFields ?? []).map((entry) => [entry.manager, entry.fieldsV1]));

describe("server-side apply", () => {
  test("creates an object and notes who applied what, when", () => {
    const object = applied(undefined, "a", { data: { x: "1" }, ports: [{ port: 80 }], args: ["q"], selector: { s: "1" } });
    expect(object.metadata.managedFields).toEqual([
      {
        manager: "a",
        operation: "Apply",
        apiVersion: "v1",
        time: "2026-01-02T03:04:05Z",
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:args": {},
          "f:data": { "f:x": {} },
          "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {} } },
          "f:selector": {},
        },
      },
    ]);
  });

  test("removes what its manager applied before and applies no more", () => {
    const first = applied(undefined, "a", { data: { x: "1", y: "1" }, ports: [{ port: 80 }, { port: 81 }] });
    const second = applied(first, "a", { data: { y: "1" }, ports: [{ port: 81 }] });
    expect(second).toMatchObject({ data: { y: "1" }, ports: [{ port: 81 }] });
    expect(second["data"]).not.toHaveProperty("x");
  });

  test("keeps what another manager applied as well", () => {
    const shared = applied(applied(undefined, "a", { data: { x: "1", y: "1" } }), "b", { data: { x: "1" } });
    const left = applied(shared, "a", { data: { y: "1" } });
    expect(left["data"]).toEqual({ x: "1", y: "1" });
    expect(owners(left)).toEqual({ a: { "f:data": { "f:y": {} } }, b: { "f:data": { "f:x": {} } } });
  });

  test("conflicts over a field that another manager set to something else, and can force", () => {
    const live = applied(undefined, "a", { data: { x: "1", y: "1" } });
    const { conflicts, object } = apply(live, "b", { data: { x: "2", y: "2" } });
    expect(object).toBe(live);
    expect(conflictStatus(conflicts)).toMatchObject({
      code: 409,
      message: 'Apply failed with 2 conflicts: conflicts with "a":\n- .data.x\n- .data.y',
      details: { causes: [{ reason: "FieldManagerConflict", message: 'conflict with "a"', field: ".data.x" }, { field: ".data.y" }] },
    });
    expect(owners(applied(live, "b", { data: { x: "2" } }, { force: true }))).toEqual({
      a: { "f:data": { "f:y": {} } },
      b: { "f:data": { "f:x": {} } },
    });
  });

  test("names the version of a manager that updates, and the subresource", () => {
    const live = written(undefined, { data: { x: "1" } }, "kubectl-edit");
    live.metadata.managedFields![0]!.subresource = "scale";
    expect(apply(live, "b", { data: { x: "2" } }).conflicts).toEqual([
      { manager: '"kubectl-edit" with subresource "scale" using v1', field: ".data.x" },
    ]);
  });

  test("does not move its time when nothing changes", () => {
    const live = applied(undefined, "a", { data: { x: "1" } });
    expect(applied(live, "a", { data: { x: "1" } }, { now: later }).metadata.managedFields).toEqual(live.metadata.managedFields);
  });

  test("does not own what the endpoint resets", () => {
    expect(owners(applied(undefined, "a", { data: { x: "1" }, status: { phase: "on" } }))).toEqual({ a: { "f:data": { "f:x": {} } } });
  });

  test("gives fields that nobody managed to those who came before", () => {
    const live = thing({ data: { x: "1" } });
    expect(owners(applied(live, "a", { data: { y: "1" } }))).toEqual({
      a: { "f:data": { "f:y": {} } },
      "before-first-apply": { "f:data": { ".": {}, "f:x": {} } },
    });
  });

  test.each([
    [{ foo: 1 }, ".foo: field not declared in schema"],
    [{ data: { x: 1 } }, ".data.x: expected string, got &value.valueUnstructured{Value:1}"],
    [{ ports: [{ port: 1 }, { port: 1, protocol: "TCP" }] }, '.ports: duplicate entries for key [port=1,protocol="TCP"]'],
    [{ args: "x" }, ".args: expected list, got &{x}"],
  ])("refuses %j", (fields, problem) => {
    expect(() => apply(undefined, "a", fields)).toThrow(`failed to create typed patch object (/t; /v1, Kind=Thing): ${problem}`);
  });

  test("lets kubectl take over what it applied client-side", () => {
    const annotations = {
      "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({
        apiVersion: "v1",
        kind: "Thing",
        metadata: { name: "t" },
        data: { x: "1" },
      }),
    };
    const live = written(undefined, { data: { x: "1" } }, "kubectl-client-side-apply");
    live.metadata.annotations = annotations;
    expect(apply(live, "other", { data: { x: "2" } }).conflicts).toHaveLength(1);
    const object = applied(live, "kubectl", { data: { x: "2" } });
    expect(object["data"]).toEqual({ x: "2" });
    expect(JSON.parse(Object.values(object.metadata.annotations ?? {})[0] ?? "")).toMatchObject({ data: { x: "2" } });
  });

  test("takes a configuration that says null for its metadata", () => {
    const live = written(undefined, { data: { x: "1" } }, "kubectl-client-side-apply");
    live.metadata.annotations = { "kubectl.kubernetes.io/last-applied-configuration": '{"data":{"x":"1"}}' };
    const config = { apiVersion: "v1", kind: "Thing", metadata: null, data: { x: "2" } };
    updateLastApplied(live, config);
    expect(lastApplied(config)).toBe("");
    expect(JSON.parse(Object.values(live.metadata.annotations)[0] ?? "")).toEqual(config);
  });

  test("keeps lists in the order of the configuration where it names their items", () => {
    const live = applied(undefined, "a", { ports: [{ port: 1 }, { port: 2 }, { port: 3 }] });
    const object = applied(live, "b", { ports: [{ port: 3 }, { port: 9 }, { port: 1 }] });
    expect((object["ports"] as { port: number }[]).map(({ port }) => port)).toEqual([2, 3, 9, 1]);
  });
});

describe("updateManagedFields", () => {
  test("gives the writer what differs and takes it from the others", () => {
    const live = written(undefined, { data: { x: "1", y: "1" } }, "maker");
    expect(owners(written(live, { data: { x: "2", y: "1" } }, "changer"))).toEqual({
      maker: { "f:data": { ".": {}, "f:y": {} } },
      changer: { "f:data": { "f:x": {} } },
    });
  });

  test("drops managers that own nothing any more", () => {
    const live = written(undefined, { data: { x: "1" } }, "maker");
    expect(owners(written(live, { ports: [{ port: 1 }] }, "changer"))).toEqual({
      changer: { "f:ports": { ".": {}, 'k:{"port":1,"protocol":"TCP"}': { ".": {}, "f:port": {} } } },
    });
  });

  test("tracks nothing once the client cleared them, until the next apply", () => {
    const live = written(undefined, { data: { x: "1" } }, "maker");
    const after = thing({ data: { x: "2" } });
    after.metadata.managedFields = [{}];
    expect(updateManagedFields({ before: live, after, manager: "m", schema, now })).toEqual([]);
  });

  test("joins the oldest when more than ten have updated", () => {
    let live = written(undefined, { data: {} }, "maker");
    for (let index = 0; index < 14; index++) {
      const data = { ...(live["data"] as object), [`k${index}`]: "1" };
      live = written(live, { data }, `m${String(index).padStart(2, "0")}`);
    }
    const names = live.metadata.managedFields?.map(({ manager }) => manager);
    expect(names).toHaveLength(10);
    expect(names).toContain("ancient-changes");
    expect(names).toContain("m13");
  });

  test("keeps the times of a write without effect", () => {
    const before = written(undefined, { data: { x: "1" } }, "maker");
    const after = structuredClone(before);
    after.metadata.managedFields![0]!.time = "2030-01-01T00:00:00Z";
    keepTimesIfUnchanged(after, before);
    expect(after).toEqual(before);
  });
});

test("FieldsV1 survives reading and writing", () => {
  const element = fc.oneof(
    fc.string().map((name) => `f:${name}`),
    fc.integer().map((value) => `v:${value}`),
    fc.constantFrom('k:{"name":"a"}', "i:0"),
  );
  fc.assert(
    fc.property(fc.array(fc.array(element, { minLength: 1, maxLength: 4 })), (paths) => {
      const set = FieldSet.of(paths);
      expect([...FieldSet.fromJson(JSON.parse(JSON.stringify(set.toJson()))).paths()]).toEqual([...set.paths()]);
    }),
  );
});
