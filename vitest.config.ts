import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, join } from "node:path";
import { defineConfig } from "vitest/config";

// Tests run from the sources (export condition "source"); only the command line needs the build, which `npm test` makes first.
const source = { resolve: { conditions: ["source"] }, ssr: { resolve: { conditions: ["source"], externalConditions: ["source"] } } };

const hasKubectl =
  process.env["KUBECTL"] !== undefined ||
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, "kubectl")));
const withoutKubectl = ["e2e/runtime.test.ts", "e2e/kit/**/*.test.ts", "examples/**/*.test.ts"];
const endToEnd = hasKubectl ? ["e2e/**/*.test.ts", "examples/**/*.test.ts"] : withoutKubectl;
// What waits for leases and time limits to run out; `npm run test:slow` on the devcluster, `npm run test:real` takes them too.
const slow = [
  "e2e/kit/leader.test.ts",
  "e2e/project.test.ts",
  ...(hasKubectl
    ? [
        "e2e/network-fault.test.ts",
        "e2e/overcommit.test.ts",
        "e2e/guides.test.ts",
        "e2e/kit-guides.test.ts",
        "e2e/sidecarset-chaos.test.ts",
        "e2e/sidecarset-rollout.test.ts",
        "e2e/two-managers.test.ts",
        "e2e/webhook-suspend.test.ts",
        "e2e/deploy.test.ts",
      ]
    : []),
];
// Quick with one kubectl, slow with all of them.
const kubectls = hasKubectl ? ["e2e/kubectl.test.ts", "e2e/devcluster/explain.test.ts"] : [];
// Once, not again in each worker.
if (!hasKubectl && process.env["VITEST"] === undefined)
  console.warn("no kubectl on PATH and none named by KUBECTL: the end-to-end tests that need one are left out");

export default defineConfig({
  ...source,
  test: {
    projects: [
      {
        ...source,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "truth/**/*.test.ts", "scripts/**/*.test.ts"],
          testTimeout: 20_000,
          hookTimeout: 30_000,
          // Many of them wait for timers: one worker would leave a machine of two cores idle.
          maxWorkers: Math.max(2, availableParallelism() - 1),
        },
      },
      {
        ...source,
        test: {
          name: "e2e",
          include: endToEnd,
          exclude: slow,
          env: { OUTRIGGER_E2E_KUBECTL: "one" },
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        ...source,
        test: { name: "slow", include: [...slow, ...kubectls], testTimeout: 120_000, hookTimeout: 60_000, fileParallelism: false },
      },
      {
        ...source,
        test: { name: "tutorial", include: ["packaging/tutorial.test.ts"], testTimeout: 600_000, hookTimeout: 300_000 },
      },
      {
        ...source,
        test: {
          name: "packages",
          include: ["packaging/{packages,scaffold}.test.ts"],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        // Certificates of three managers under load: a machine that is busy with other things is too slow for it.
        ...source,
        test: { name: "rotation", include: ["cluster/certificates.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 },
      },
      {
        // Real containers, as root; see cluster/parts.ts.
        ...source,
        test: {
          name: "cluster",
          include: ["cluster/**/*.test.ts"],
          exclude: ["cluster/certificates.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        ...source,
        test: { name: "rights", include: ["rights/**/*.test.ts"], testTimeout: 180_000, hookTimeout: 120_000, fileParallelism: false },
      },
      {
        ...source,
        test: {
          name: "real-examples",
          include: ["examples/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        ...source,
        test: {
          name: "attack",
          include: hasKubectl ? ["attack/**/*.test.ts"] : [],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        // Programs of others against the devcluster. Needs Go, Python and a real Helm.
        ...source,
        test: { name: "clients", include: ["clients/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 600_000 },
      },
      {
        ...source,
        test: {
          name: "real",
          include: endToEnd,
          // The examples run in `rights/examples.test.ts`, with an audit log.
          exclude: ["e2e/devcluster/**", "examples/**"],
          env: { OUTRIGGER_E2E_CLUSTER: "real" },
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
