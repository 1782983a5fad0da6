import { installDefinitions, manager } from "@outrigger/kit";
import { tryOut } from "@outrigger/testing";
import { Site, sites } from "./site.ts";

await tryOut(async ({ client }) => {
  await installDefinitions(client, [Site]);
  await manager({ client, controllers: [sites] }).run({ stopOn: ["SIGINT", "SIGTERM"] });
});
