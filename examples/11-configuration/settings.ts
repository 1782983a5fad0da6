import { type ConfigurationSource, configuration, environment, mounted } from "@outrigger/config";
import { t } from "@outrigger/kit";
import { apollo } from "./apollo.ts";

/** What the middleware can be told. */
export const Settings = t.Object({
  server: t.Object({ port: t.Default(t.Integer({ minimum: 1, maximum: 65_535 }), 8080) }),
  routes: t.Default(t.Array(t.Object({ prefix: t.String({ pattern: "^/" }), to: t.String() })), []),
});

type Variables = Readonly<Record<string, string | undefined>>;

/** One variable chooses where the configuration comes from; the middleware itself does not know. */
export function source(variables: Variables): ConfigurationSource {
  switch (variables["CONFIG_SOURCE"] ?? "file") {
    case "apollo":
      return apollo({ server: variables["APOLLO_SERVER"] ?? "", appId: "bfe", namespace: "application.json" });
    case "file":
      return mounted("legacy-cm", { environment: variables });
    default:
      throw new RangeError(`CONFIG_SOURCE is ${variables["CONFIG_SOURCE"]}: write file or apollo`);
  }
}

/** The settings, followed; a variable such as `BFE_SERVER_PORT` wins over them. */
export function settings(variables: Variables, signal: AbortSignal) {
  return configuration({ schema: Settings, sources: [source(variables), environment("BFE", variables)], signal });
}
