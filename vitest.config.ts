import { defineConfig } from "vitest/config";

// Tests run from the sources (export condition "source"); only the command line needs the build, which `npm test` makes first.
const source = { resolve: { conditions: ["source"] }, ssr: { resolve: { conditions: ["source"], externalConditions: ["source"] } } };

export default defineConfig({
  ...source,
  test: {
    projects: [
      {
        ...source,
        test: { name: "unit", include: ["packages/*/src/**/*.test.ts", "truth/**/*.test.ts"], testTimeout: 20_000, hookTimeout: 30_000 },
      },
      {
        ...source,
        test: { name: "e2e", include: ["e2e/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 60_000, fileParallelism: false },
      },
      {
        ...source,
        test: {
          name: "real",
          include: ["e2e/**/*.test.ts"],
          exclude: ["e2e/devcluster/**"],
          env: { OUTRIGGER_E2E_CLUSTER: "real" },
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
