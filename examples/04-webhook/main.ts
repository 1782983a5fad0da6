import { manager, Namespace } from "@outrigger/kit";
import { tryOut } from "@outrigger/testing";
import { limitedJobs } from "./jobs.ts";

await tryOut(async ({ client, kubeconfigFile }) => {
  await client.apply(Namespace, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "limited", labels: { "example.com/limited": "true" } },
  });
  await manager({ name: "job-limits", kubeconfig: { file: kubeconfigFile }, webhooks: [limitedJobs] }).run({
    stopOn: ["SIGINT", "SIGTERM"],
  });
});
