import type { Rule } from "../finding.ts";
import { UNKNOWN } from "../manifest.ts";
import { containersOf } from "../pods.ts";

/** Tags that are built again and again by their nature. */
const MOVING = /^(dev|develop|test|testing|main|master|trunk|head|edge|nightly|snapshot|canary|staging|local|.*-SNAPSHOT)$/i;
/** Registries on this machine: what is there was built here, and will be again. */
const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|kind-registry|host\.docker\.internal)(:\d+)?\//;

function parts(image: string): { readonly tag: string | undefined; readonly digest: boolean } {
  const [name = "", digest] = image.split("@");
  const colon = name.lastIndexOf(":");
  return { tag: colon > name.lastIndexOf("/") ? name.slice(colon + 1) : undefined, digest: digest !== undefined };
}

export const latestIfNotPresent: Rule = {
  name: "latest-if-not-present",
  *check(manifest) {
    for (const { container, path } of containersOf(manifest)) {
      const { image = "", imagePullPolicy } = container;
      const { tag = "latest", digest } = parts(image);
      if (image === "" || image.includes(UNKNOWN) || digest || tag !== "latest") continue;
      if (imagePullPolicy !== "IfNotPresent" && imagePullPolicy !== "Never") continue;
      yield {
        path: [...path, "imagePullPolicy"],
        message: `${image} is pulled once and never again with ${imagePullPolicy}: a node keeps the first image that it saw. Leave imagePullPolicy out (Always for latest), or give each build a tag`,
      };
    }
  },
};

export const movingTag: Rule = {
  name: "moving-tag",
  *check(manifest) {
    for (const { container, path } of containersOf(manifest)) {
      const { image = "", imagePullPolicy = "IfNotPresent" } = container;
      const { tag = "latest", digest } = parts(image);
      if (image.includes(UNKNOWN) || digest || tag === "latest" || imagePullPolicy === "Always") continue;
      if (!MOVING.test(tag) && !LOCAL.test(image)) continue;
      yield {
        path: [...path, "image"],
        message: `${image} is a tag that is built again, and a node that has it does not pull it again: a change has no effect. Give each build a tag, or set imagePullPolicy: Always (on kind: kind load docker-image ${image} after each build)`,
      };
    }
  },
};
