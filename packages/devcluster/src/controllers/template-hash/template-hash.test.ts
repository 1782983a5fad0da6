import { describe, expect, it } from "vitest";
import { dumpQuantity } from "./go-quantity.ts";
import { podTemplateHash } from "./index.ts";

/** Templates with the hash that kube-controller-manager 1.36.3 gave them. */
const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: "a" } },
  spec: {
    containers: [
      {
        image,
        imagePullPolicy: "IfNotPresent",
        name: "c",
        resources: { requests: { cpu: "10m" } },
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
      },
    ],
    dnsPolicy: "ClusterFirst",
    restartPolicy: "Always",
    schedulerName: "default-scheduler",
    securityContext: {},
    terminationGracePeriodSeconds: 1,
    ...more,
  },
});

describe("the hash of a pod template", () => {
  it.each([
    ["5f5dc94c8b", template("nginx:1")],
    ["85dd7b4cf7", template("nginx:2")],
    ["57f6f6c959", template("nginx:1", { nodeSelector: { none: "here" } })],
  ])("is %s, as in Kubernetes", (hash, given) => {
    expect(podTemplateHash(given)).toBe(hash);
  });

  it("changes when it collided with another's", () => {
    expect(podTemplateHash(template("nginx:1"), 1)).not.toBe(podTemplateHash(template("nginx:1")));
  });

  it("keeps the text of a quantity only where Go does", () => {
    expect(dumpQuantity("100Mi")).toContain("value:(int64)104857600 scale:(resource.Scale)0");
    expect(dumpQuantity("100Mi")).toContain("s:(string)100Mi Format");
    expect(dumpQuantity("128Mi")).toContain("s:(string) Format");
    expect(dumpQuantity("10m")).toContain("value:(int64)10 scale:(resource.Scale)-3");
  });
});
