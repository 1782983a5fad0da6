import { expect, test } from "vitest";
import { DEFAULT_OPT_IN, optIn } from "./index.ts";
import cases from "./opt-in.data.json" with { type: "json" };

test.each(cases)("label $pod label, annotation $pod annotation, namespace $namespace: $reason", (row) => {
  const map = (key: string, value: string | null): Record<string, string> => (value === null ? {} : { [key]: value });
  const { podKey, namespaceLabel } = DEFAULT_OPT_IN;
  const question = {
    labels: map(podKey, row["pod label"]),
    annotations: map(podKey, row["pod annotation"]),
    namespaceLabels: map(namespaceLabel, row.namespace),
    hostNetwork: row.hostNetwork === true,
  };
  const { inject, reason } = optIn(question, DEFAULT_OPT_IN);
  expect({ inject, reason }).toEqual({ inject: row.inject, reason: row.reason });
});
