import type { Rule } from "../finding.ts";
import type { Manifest } from "../manifest.ts";

const groupOf = (apiVersion: unknown): string => String(apiVersion).split("/")[0] ?? "";
const isDefinition = ({ object }: Manifest): boolean => object["kind"] === "CustomResourceDefinition";
/** `group/Kind` of a definition. */
const defines = ({ object }: Manifest): string => {
  const spec = object["spec"] as { group?: string; names?: { kind?: string } } | undefined;
  return `${spec?.group}/${spec?.names?.kind}`;
};

export const ownChart: Rule = {
  name: "custom-resource-in-operators-chart",
  *check({ chart, object }, all) {
    if (chart === undefined) return;
    const same = all.filter((one) => one.chart === chart);
    const finalizers = (object["metadata"] as { finalizers?: unknown } | undefined)?.finalizers;
    const own = same.some((one) => isDefinition(one) && defines(one) === `${groupOf(object["apiVersion"])}/${object["kind"]}`);
    const operator = same.some((one) => one.object["kind"] === "Deployment");
    if (!operator || (!own && !(Array.isArray(finalizers) && finalizers.length > 0))) return;
    yield {
      path: ["kind"],
      message: `${object["kind"]} is in the chart of the operator that acts on it: helm uninstall takes the operator away first, and its finalizers are never removed. Put custom resources into a chart of their own, and uninstall that first`,
    };
  },
};
