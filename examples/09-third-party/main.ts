import { readFileSync } from "node:fs";
import { CustomResourceDefinition, manager } from "@outrigger/kit";
import { tryOut } from "@outrigger/testing";
import { parse } from "yaml";
import { certifiedServices } from "./services.ts";

await tryOut(async ({ client }) => {
  // Where cert-manager is there, so is its definition.
  if (!(await client.find(CustomResourceDefinition, { name: "certificates.cert-manager.io" })))
    await client.apply(
      CustomResourceDefinition,
      parse(readFileSync(new URL("manifests/certificates.cert-manager.io.yaml", import.meta.url), "utf8")),
    );
  await manager({ client, controllers: [certifiedServices] }).run({ stopOn: ["SIGINT", "SIGTERM"] });
});
