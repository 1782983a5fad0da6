import { EXCLUDED_NAMESPACES } from "@outrigger/operator";
import { expect, test } from "vitest";
import { EXCLUDED_BY_DEFAULT, excludedNamespaces } from "./excluded.ts";

test("--excluded-namespaces is a list with commas between, which may be empty or left out", async () => {
  expect(await excludedNamespaces({ excludedNamespaces: "kube-system, ci,ci" })).toEqual({ excludedNamespaces: ["kube-system", "ci"] });
  expect(await excludedNamespaces({ excludedNamespaces: "" })).toEqual({ excludedNamespaces: [] });
  expect(await excludedNamespaces({})).toEqual({});
});

test("--excluded-namespaces with what is no name of a namespace is wrong usage, told with the name", async () => {
  const refusal = (text: string) => excludedNamespaces({ excludedNamespaces: text }).catch((error: unknown) => error);
  expect(await refusal("kube-system,Kube_Public")).toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/^--excluded-namespaces: "Kube_Public" is no name of a namespace: a lowercase RFC 1123 label /),
  });
  expect(await refusal("kube-system,")).toMatchObject({ exitCode: 2, message: expect.stringMatching(/"" is no name of a namespace/) });
  expect(await refusal("kube.system")).toMatchObject({ exitCode: 2, message: expect.stringMatching(/must not contain dots/) });
});

test("--help says the manager's own list", () => {
  expect(EXCLUDED_BY_DEFAULT).toBe(EXCLUDED_NAMESPACES.join(","));
});
