import { installDefinitions, manager } from "@outrigger/kit";
import { tryOut } from "@outrigger/testing";
import { Network, networks, printChanges } from "./network.ts";

await tryOut(async ({ client }) => {
  await installDefinitions(client, [Network]);
  const running = manager({ client, controllers: [networks(console.log)], log: false });
  printChanges(running.informers, console.log);
  await running.run({ stopOn: ["SIGINT", "SIGTERM"] });
});
