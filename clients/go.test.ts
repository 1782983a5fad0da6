import { join } from "node:path";
import { Deployment } from "@outrigger/kit/kinds";
import { beforeAll, expect, test } from "vitest";
import { outrigger } from "../e2e/outrigger.ts";
import { cacheFolder, here, run, startStage } from "./parts.ts";

const folder = join(here, "go");
const program = join(cacheFolder("go"), "clients.test");

beforeAll(async () => {
  // With cold caches Go compiles client-go and controller-runtime first: about two minutes.
  await run("go", ["test", "-c", "-o", program, "."], { cwd: folder });
}, 600_000);

const only = (name: string, env: Record<string, string>): Promise<string> =>
  run(program, ["-test.run", `^${name}$`, "-test.v", "-test.timeout", "60s"], { cwd: folder, env });

test("an unmodified envtest starts the devcluster for a controller-runtime operator with webhooks and leader election", async () => {
  const assets = join(cacheFolder("go"), "assets");
  const written = await outrigger(["envtest", assets]);
  expect(written, written.stderr).toMatchObject({ exitCode: 0, stdout: `${assets}\n` });
  expect(await only("TestOperator", { KUBEBUILDER_ASSETS: assets })).toContain("--- PASS: TestOperator ");
});

test("client-go's informers that take protobuf alone see what JSON shows", async () => {
  const stage = await startStage();
  try {
    const labels = { app: "web" };
    await stage.client.create(Deployment, {
      metadata: { name: "web", namespace: "default" },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "web", image: "nginx" }] } },
      },
    } as never);
    const output = await only("TestProtobuf.*", { KUBECONFIG: stage.kubeconfigFile });
    expect(output).toContain("--- PASS: TestProtobufInformers");
    expect(output).toContain("--- PASS: TestProtobufEqualsJSON");
  } finally {
    await stage.close();
  }
});
