import type { Rule } from "../finding.ts";
import { UNKNOWN } from "../manifest.ts";
import { containersOf, type Volume } from "../pods.ts";

const configuration = (volume: Volume | undefined): "ConfigMap" | "Secret" | undefined => {
  const sources = volume?.projected?.sources ?? [];
  if (volume?.configMap || sources.some(({ configMap }) => configMap)) return "ConfigMap";
  return volume?.secret || sources.some(({ secret }) => secret) ? "Secret" : undefined;
};

export const subPath: Rule = {
  name: "config-map-sub-path",
  *check(manifest) {
    for (const { container, path, spec } of containersOf(manifest)) {
      for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
        const kind = configuration(spec.volumes?.find(({ name }) => name === mount.name));
        if (!kind || (mount.subPath === undefined && mount.subPathExpr === undefined)) continue;
        yield {
          path: [...path, "volumeMounts", index],
          message: `${mount.mountPath} mounts a ${kind} by subPath, which the kubelet never updates: mount the volume as a folder, and give the file's path to the program`,
        };
      }
    }
  },
};

export const onePath: Rule = {
  name: "two-volumes-on-one-path",
  *check(manifest) {
    for (const { container, path } of containersOf(manifest)) {
      const seen = new Map<string, string>();
      for (const [index, { name = "", mountPath = "" }] of (container.volumeMounts ?? []).entries()) {
        if (mountPath.includes(UNKNOWN)) continue;
        const folder = mountPath.replace(/\/+$/, "");
        const before = seen.get(folder);
        if (before !== undefined && before !== name)
          yield {
            path: [...path, "volumeMounts", index],
            message: `volumes ${before} and ${name} are both mounted at ${folder}: the later hides the earlier. Give each a folder of its own, and its path to the program by a variable`,
          };
        seen.set(folder, name);
      }
    }
  },
};
