import type { Rule } from "../finding.ts";
import { podSpecOf } from "../pods.ts";

const SERVING = new Set(["Deployment", "StatefulSet", "DaemonSet"]);

export const noProbes: Rule = {
  name: "no-probes",
  *check(manifest) {
    const found = podSpecOf(manifest);
    if (!found || !SERVING.has(String(manifest.object["kind"]))) return;
    for (const [index, { name, readinessProbe, livenessProbe }] of (found.spec.containers ?? []).entries()) {
      if (readinessProbe || livenessProbe) continue;
      yield {
        path: [...found.path, "containers", index],
        message: `container ${name} has no probes: a rollout goes on though it does not work, and one that hangs stays. Add a readinessProbe, and a livenessProbe where a restart helps`,
      };
    }
  },
};
