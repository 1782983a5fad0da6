import { manager } from "@outrigger/kit";
import { tryOut } from "@outrigger/testing";
import { counting, electing } from "./ticks.ts";

const who = `process-${process.pid}`;

await tryOut(async ({ kubeconfigFile }) => {
  const running = manager({ kubeconfig: { file: kubeconfigFile }, controllers: [counting(who)], ...electing("default"), log: false });
  console.log(`${who} waits for the lease`);
  running.ready.then(
    () => console.log(`${who} leads`),
    () => undefined,
  );
  await running.run({ stopOn: ["SIGINT", "SIGTERM"] });
});
