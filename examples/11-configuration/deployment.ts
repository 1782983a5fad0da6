import { withConfiguration } from "@outrigger/config";
import { fromManager, withEnvironment } from "@outrigger/kit";

/** What an operator of this middleware applies: each ConfigMap in a folder of its own, its path in a variable, and where it runs. */
export function deployment(image: string, variables: Readonly<Record<string, string | undefined>> = process.env) {
  const labels = { app: "bfe" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "bfe", image }] } };
  const configured = withConfiguration(template, [
    { name: "legacy-cm", configMap: "bfe-legacy-cm", key: "bfe-legacy-cm", folder: "/etc/config/bfe/legacy-cm" },
    { name: "legacy-as", configMap: "bfe-legacy-as", key: "bfe-legacy-as", folder: "/etc/config/bfe/legacy-as" },
  ]);
  const where = fromManager(["REGION", "DEPLOY_ENV", "AZ", "IDC"], { environment: variables, proxies: true });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "bfe" },
    spec: {
      selector: { matchLabels: labels },
      template: withEnvironment(configured, [...where, { name: "SERVICE_NAME", value: "bfe" }]),
    },
  };
}
