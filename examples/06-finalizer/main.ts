import { installDefinitions, manager } from "@outrigger/kit";
import { tryOut } from "@outrigger/testing";
import { startProvider } from "./provider.ts";
import { Record, records } from "./record.ts";

const provider = await startProvider();
console.log(`The provider's API is at ${provider.url}: curl -X PUT ${provider.url}/www -d 192.0.2.1`);
await tryOut(async ({ client }) => {
  await installDefinitions(client, [Record]);
  await manager({ client, controllers: [records(provider.url)] }).run({ stopOn: ["SIGINT", "SIGTERM"] });
});
await provider.close();
