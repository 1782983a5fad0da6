import { join } from "node:path";
import { expect, test } from "vitest";
import { installPeers } from "../bench/contender.ts";
import { here, run, startStage } from "./parts.ts";

test("@kubernetes/client-node works as with a real cluster", async () => {
  installPeers();
  const stage = await startStage();
  try {
    const output = await run(
      process.execPath,
      [join(here, "node/client.js"), join(here, "../bench/peers/node_modules/@kubernetes/client-node")],
      {
        env: { KUBECONFIG: stage.kubeconfigFile },
      },
    );
    expect(output).toContain("all as expected");
  } finally {
    await stage.close();
  }
}, 300_000);
