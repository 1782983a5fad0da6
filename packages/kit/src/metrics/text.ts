import type { MetricFamilies, MetricValue } from "./family.ts";

/** Media type of what `metricsText` writes. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Families in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/), version 0.0.4. */
export function metricsText(families: MetricFamilies): string {
  return families
    .map(({ name, help, type, values }) => {
      const lines = values.map((value) => `${value.metricName ?? name}${labelsText(value)} ${numberText(value.value)}\n`);
      return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
    })
    .join("\n");
}

function labelsText({ labels }: MetricValue): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value)).replaceAll('"', '\\"')}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
