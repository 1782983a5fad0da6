import { type AdmissionPlugin, concerns } from "./plugin.ts";

/** What of a cluster is missing here: kinds whose objects are kept, while nothing acts on them. By `group/plural`. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  "autoscaling/horizontalpodautoscalers": "nothing measures pods; only minReplicas and maxReplicas act",
  "apiregistration.k8s.io/apiservices": "requests are not passed on to other API servers",
  "networking.k8s.io/networkpolicies": "pods have no network here",
  "resource.k8s.io/resourceclaims": "nodes have no devices",
};

/** Kinds of which something works. */
const PARTLY: ReadonlySet<string> = new Set(["horizontalpodautoscalers"]);

/**
 * Warns whoever makes an object that has no effect in this cluster, though it would have one in another. Nothing is
 * taken in silence.
 */
export const noEffect: AdmissionPlugin = {
  name: "NoEffect",
  validate(attributes) {
    const { resource, operation } = attributes;
    if (operation !== "CREATE" || !concerns(attributes, resource.group, resource.resource)) return;
    const why = WITHOUT_EFFECT[`${resource.group}/${resource.resource}`];
    if (why !== undefined)
      attributes.warn(
        `${resource.resource} ${PARTLY.has(resource.resource) ? "have only a part of their effect" : "have no effect"} in the devcluster: ${why}`,
      );
  },
};
