import { installDefinitions, manager } from "@outrigger/kit";
import { clusterToTry } from "@outrigger/testing";
import { CustomPod, customPods } from "./custompod.ts";

await using cluster = await clusterToTry();
await installDefinitions(cluster.client, [CustomPod]);
await manager({ client: cluster.client, controllers: [customPods] }).run({ stopOn: ["SIGINT", "SIGTERM"] });
