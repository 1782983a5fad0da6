import { installDefinitions, manager } from "@outrigger/kit";
import { tryOut } from "@outrigger/testing";
import { Middleware, middlewares } from "./middleware.ts";

// In a cluster these come from the operator's Deployment: `environment` in the values of its chart.
const environment = { REGION: "eu-1", DEPLOY_ENV: "test", AZ: "eu-1a", IDC: "home", ...process.env };

await tryOut(async ({ client }) => {
  await installDefinitions(client, [Middleware]);
  await manager({ client, controllers: [middlewares(environment)] }).run({ stopOn: ["SIGINT", "SIGTERM"] });
});
