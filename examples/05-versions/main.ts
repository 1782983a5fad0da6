import { installDefinitions, manager } from "@outrigger/kit";
import { tryOut } from "@outrigger/testing";
import { Backup, backupWebhook } from "./backup.ts";

await tryOut(async ({ client, kubeconfigFile }) => {
  await installDefinitions(client, [Backup]);
  await manager({ name: "backups", kubeconfig: { file: kubeconfigFile }, webhooks: [backupWebhook] }).run({
    stopOn: ["SIGINT", "SIGTERM"],
  });
});
