import { installDefinitions, manager } from "@outrigger/kit";
import { clusterToTry } from "@outrigger/testing";
import { Network, networks, printChanges } from "./network.ts";

await using cluster = await clusterToTry();
await installDefinitions(cluster.client, [Network]);
const running = manager({ client: cluster.client, controllers: [networks(console.log)], log: false });
printChanges(running.informers, console.log);
await running.run({ stopOn: ["SIGINT", "SIGTERM"] });
