import type { KubeObject } from "@outrigger/kit/api";
import { manifests } from "../packages/cli/src/quickstart/apply.ts";

const IMAGE = "docker.io/library/busybox:1";
const COMMAND = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"];

interface Runnable {
  image: string;
  imagePullPolicy?: string;
  command?: string[];
  livenessProbe?: object;
}

/** The quickstart's objects with the one image that the node has in the place of those of registries. */
export function quickstartObjects(): KubeObject[] {
  return manifests().flatMap(({ objects }) => objects.map((object) => withImages(object)));
}

function withImages(object: KubeObject): KubeObject {
  const copy = structuredClone(object) as KubeObject & { spec?: Spec; data?: Record<string, string> };
  for (const spec of [copy.spec, copy.spec?.template?.spec]) {
    for (const container of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]) {
      container.image = IMAGE;
      container.imagePullPolicy = "IfNotPresent";
      container.command = COMMAND;
      delete container.livenessProbe;
    }
  }
  const template = copy.data?.["sidecarconfig.yaml"];
  if (template !== undefined)
    copy.data!["sidecarconfig.yaml"] = template
      .replace(/image: .*/, `image: ${IMAGE}`)
      .replace(/imagePullPolicy: Always/, `imagePullPolicy: IfNotPresent\n    command: ${JSON.stringify(COMMAND)}`);
  return copy;
}

interface Spec {
  containers?: Runnable[];
  initContainers?: Runnable[];
  template?: { spec?: Spec };
}
