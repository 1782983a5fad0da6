import { expect, test } from "vitest";
import { answer, startApiServer } from "../../test/api-server.ts";
import cases from "./errors.data.json" with { type: "json" };
import { connect, dynamicResource, StatusError } from "./index.ts";

const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");

test("every refusal is a StatusError of the class that goes with its reason, or with its code where it has none", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  for (const { code, reason, name, errorCode } of cases) {
    server.interceptions[0] = (_, response) => {
      const details = { name: "a", kind: "configmaps", causes: [{ reason: "R", message: "m", field: "f" }] };
      answer(response, code, { kind: "Status", status: "Failure", message: `no: ${code}`, ...(reason ? { reason } : {}), code, details });
      return true;
    };
    const error = (await client.get(ConfigMap, { name: "a" }).catch((caught: unknown) => caught)) as StatusError;
    expect(error).toBeInstanceOf(StatusError);
    expect(error).toMatchObject({ name, code: errorCode, message: `no: ${code}`, statusCode: code, reason: reason ?? "" });
    expect(error.causes).toEqual([{ reason: "R", message: "m", field: "f" }]);
  }
  await client.close();
});
