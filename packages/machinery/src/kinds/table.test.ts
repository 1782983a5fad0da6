import { execFileSync } from "node:child_process";
import * as kitKinds from "@outrigger/kit/kinds";
import { builtInDefinition, goStruct, schemaName } from "@outrigger/kit/kinds";
import { describe, expect, test } from "vitest";
import { kinds } from "./table.ts";

const builtin = Object.values(kitKinds).filter((one): one is typeof kitKinds.Pod => typeof one === "object" && "plural" in one);

describe("the table of kinds", () => {
  test("finds a row by its resource and by its kind, and nothing where there is none", () => {
    const row = kinds().byResource("apps", "v1", "deployments");
    expect(row).toBe(kinds().byKind("apps", "v1", "Deployment"));
    expect(row).toMatchObject({
      singular: "deployment",
      shortNames: ["deploy"],
      scope: "Namespaced",
      listKind: "DeploymentList",
      generation: true,
      resetFields: ["status"],
    });
    expect(Object.keys(row!.subresources)).toEqual(["scale", "status"]);
    expect(kinds().byKind("apps", "v2", "Deployment")).toBeUndefined();
  });

  test("has the groups in the order of discovery, with the version that is preferred", () => {
    expect(
      kinds()
        .groups.slice(0, 3)
        .map(({ name }) => name),
    ).toEqual(["", "apiregistration.k8s.io", "apps"]);
    expect(kinds().groups.find(({ name }) => name === "autoscaling")).toEqual({
      name: "autoscaling",
      versions: ["v2", "v1"],
      preferred: "v2",
    });
  });

  test("knows which kinds are answered and never stored", () => {
    const unstored = kinds().rows.filter(({ stored }) => !stored);
    expect(unstored.map(({ kind }) => kind)).toEqual([
      "Binding",
      "SelfSubjectReview",
      "TokenReview",
      "LocalSubjectAccessReview",
      "SelfSubjectAccessReview",
      "SelfSubjectRulesReview",
      "SubjectAccessReview",
    ]);
  });

  test.each(builtin.map((resource) => [`${resource.apiVersion} ${resource.kind}`, resource] as const))(
    "has the typed resource %s",
    (_name, { apiVersion, kind, plural, scope }) => {
      const [version, group = ""] = apiVersion.split("/").reverse();
      expect(kinds().byKind(group, version!, kind)).toMatchObject({ plural, scope });
    },
  );

  test("each kind has a typed resource in its group's preferred version", () => {
    const typed = new Set(builtin.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`));
    const preferred = new Map(kinds().groups.map(({ name, preferred }) => [name, preferred]));
    const missing = kinds().rows.filter(
      ({ group, version, kind }) =>
        preferred.get(group) === version && !typed.has(`${group === "" ? version : `${group}/${version}`} ${kind}`),
    );
    // Events are served in two groups, and the name belongs to that of v1.
    expect(missing.map(({ group, kind }) => `${group}/${kind}`)).toEqual(["events.k8s.io/Event"]);
  });
});

describe("schemas", () => {
  test("are shared, resolved when looked at, and may refer to themselves", () => {
    const pod = kinds().byKind("", "v1", "Pod")!.schema;
    expect(schemaName(pod)).toBe("io.k8s.api.core.v1.Pod");
    expect(kinds().byKind("", "v1", "Pod")!.schema).toBe(pod);
    const props = builtInDefinition("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")!;
    expect(props.properties!["not"]).toBe(props);
    expect(props.properties).toHaveProperty(["$ref"]);
  });

  test("keep how lists merge", () => {
    const spec = builtInDefinition("io.k8s.api.core.v1.PodSpec")!;
    expect(spec.properties!["containers"]).toMatchObject({
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      "x-kubernetes-patch-merge-key": "name",
      "x-kubernetes-patch-strategy": "merge",
    });
  });

  test("say how Go writes a struct", () => {
    const deployment = goStruct(builtInDefinition("io.k8s.api.apps.v1.DeploymentSpec")!)!;
    expect(deployment.order.slice(0, 4)).toEqual(["replicas", "selector", "template", "strategy"]);
    expect(deployment.pointers).toContain("replicas");
    const role = goStruct(builtInDefinition("io.k8s.api.rbac.v1.Role")!)!;
    expect(role.nullables).toContain("rules");
  });
});

test("who imports the kinds does not read the table until it is asked for", () => {
  const script = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const read = []; const original = fs.readFileSync;
    fs.readFileSync = (path, ...rest) => { if (String(path).includes("/data/")) read.push(String(path).split("/").at(-1)); return original(path, ...rest); };
    syncBuiltinESMExports();
    const { kinds } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    const before = read.length; kinds().byKind("", "v1", "Pod").schema;
    console.log(JSON.stringify([before, read]));`;
  const output = execFileSync(process.execPath, ["--conditions=source", "--input-type=module", "--eval", script], { encoding: "utf8" });
  expect(JSON.parse(output)).toEqual([0, ["kinds.json", "definitions.json"]]);
});
