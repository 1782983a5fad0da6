// pkg/apis/autoscaling/v2/defaults.go; what is said of CPU in v1 stands in its conversion.
import { type Defaulters, inSpec, type Json, list } from "./json.ts";

const AVERAGE_CPU = 80;
/** In v1 other metrics stand in an annotation. */
const METRICS = "autoscaling.alpha.kubernetes.io/metrics";

const PERCENT = { type: "Percent", value: 100, periodSeconds: 15 } as const;
const SCALE_UP = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [{ type: "Pods", value: 4, periodSeconds: 15 }, PERCENT],
} as const;
const SCALE_DOWN = { selectPolicy: "Max", policies: [PERCENT] } as const;

export const autoscalingDefaulters: Defaulters = {
  "autoscaling/HorizontalPodAutoscaler": inSpec((spec, object) => {
    spec["minReplicas"] ??= 1;
    if (object["apiVersion"] === "autoscaling/v1") {
      if (object["metadata"]?.annotations?.[METRICS] === undefined) spec["targetCPUUtilizationPercentage"] ??= AVERAGE_CPU;
      return;
    }
    if (list(spec["metrics"]).length === 0)
      spec["metrics"] = [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: AVERAGE_CPU } } }];
    if (!spec["behavior"]) return;
    spec["behavior"].scaleUp = rules(spec["behavior"].scaleUp as Json | undefined, SCALE_UP);
    spec["behavior"].scaleDown = rules(spec["behavior"].scaleDown as Json | undefined, SCALE_DOWN);
  }),
};

const rules = (given: Json | undefined, standIn: Json): Json => ({ ...(structuredClone(standIn) as Json), ...given });
