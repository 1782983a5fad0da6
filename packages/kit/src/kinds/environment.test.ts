import { expect, test } from "vitest";
import { fromManager, withEnvironment } from "./environment.ts";

test("each container gets the variables, and keeps its own values and their order", () => {
  const template = {
    metadata: { labels: { app: "bfe" } },
    spec: {
      containers: [
        {
          name: "a",
          env: [
            { name: "AZ", value: "mine" },
            { name: "X", valueFrom: {} },
          ],
        },
        { name: "b" },
      ],
      initContainers: [{ name: "c" }],
    },
  };
  const before = structuredClone(template);
  const variables = fromManager(["REGION", "AZ"], { environment: { REGION: "eu", AZ: "1", IDC: "2" } });
  const given = [
    { name: "REGION", value: "eu" },
    { name: "AZ", value: "1" },
  ];
  expect(withEnvironment(template, variables)).toEqual({
    metadata: { labels: { app: "bfe" } },
    spec: {
      containers: [
        {
          name: "a",
          env: [
            { name: "AZ", value: "mine" },
            { name: "X", valueFrom: {} },
            { name: "REGION", value: "eu" },
          ],
        },
        { name: "b", env: given },
      ],
      initContainers: [{ name: "c", env: given }],
    },
  });
  expect(template).toEqual(before);
});

test("a variable that is not set is an error that names it, never an empty value", () => {
  const environment = { REGION: "eu", AZ: "" };
  expect(() => fromManager(["REGION", "AZ", "IDC"], { environment })).toThrow(
    "AZ, IDC are not set: give the operator's own Deployment these variables",
  );
});

test("proxies come in both cases, whichever is set", () => {
  expect(fromManager([], { proxies: true, environment: { http_proxy: "http://p", NO_PROXY: "10.0.0.0/8" } })).toEqual([
    { name: "HTTP_PROXY", value: "http://p" },
    { name: "http_proxy", value: "http://p" },
    { name: "NO_PROXY", value: "10.0.0.0/8" },
    { name: "no_proxy", value: "10.0.0.0/8" },
  ]);
});
