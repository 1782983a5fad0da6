import { installDefinitions, manager } from "@outrigger/kit";
import { tryOut } from "@outrigger/testing";
import { CustomPod, customPods } from "./custompod.ts";

await tryOut(async ({ client }) => {
  await installDefinitions(client, [CustomPod]);
  await manager({ client, controllers: [customPods] }).run({ stopOn: ["SIGINT", "SIGTERM"] });
});
