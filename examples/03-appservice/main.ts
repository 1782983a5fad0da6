import { installDefinitions, manager } from "@outrigger/kit";
import { tryOut } from "@outrigger/testing";
import { AppService, appServices } from "./appservice.ts";

await tryOut(async ({ client }) => {
  await installDefinitions(client, [AppService]);
  await manager({ client, controllers: [appServices] }).run({ stopOn: ["SIGINT", "SIGTERM"] });
});
