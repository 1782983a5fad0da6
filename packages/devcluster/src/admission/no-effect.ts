import { type AdmissionPlugin, concerns } from "./plugin.ts";

/** Why a kind has no effect, or what of it is missing. */
export interface MissingEffect {
  readonly why: string;
  /** Something of it works. */
  readonly partly?: true;
}

const devices: MissingEffect = { why: "nodes have no devices" };
const drivers: MissingEffect = { why: "no storage driver is asked, and nothing is attached to nodes" };
const queues: MissingEffect = { why: "requests are answered as they come, without queues" };
const addresses: MissingEffect = { why: "addresses of Services come from 10.0.0.0/24 alone" };

/**
 * What of a cluster is missing here: kinds whose objects are kept, while nothing acts on them. By `group/plural`. The guide
 * to the devcluster lists them, and a test holds it to this table.
 */
export const WITHOUT_EFFECT: Readonly<Record<string, MissingEffect>> = {
  "autoscaling/horizontalpodautoscalers": { why: "nothing measures pods: only minReplicas and maxReplicas act", partly: true },
  "apiregistration.k8s.io/apiservices": { why: "requests are not passed on to other API servers" },
  "networking.k8s.io/networkpolicies": { why: "pods have no network" },
  "networking.k8s.io/ipaddresses": addresses,
  "networking.k8s.io/servicecidrs": addresses,
  "flowcontrol.apiserver.k8s.io/flowschemas": queues,
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": queues,
  "storage.k8s.io/csidrivers": drivers,
  "storage.k8s.io/csinodes": drivers,
  "storage.k8s.io/csistoragecapacities": drivers,
  "storage.k8s.io/volumeattachments": drivers,
  "storage.k8s.io/volumeattributesclasses": drivers,
  "resource.k8s.io/deviceclasses": devices,
  "resource.k8s.io/resourceclaims": devices,
  "resource.k8s.io/resourceclaimtemplates": devices,
  "resource.k8s.io/resourceslices": devices,
};

/**
 * Warns whoever makes an object that has no effect in this cluster, though it would have one in another. Nothing is
 * taken in silence.
 */
export const noEffect: AdmissionPlugin = {
  name: "NoEffect",
  validate(attributes) {
    const { resource, operation } = attributes;
    if (operation !== "CREATE" || !concerns(attributes, resource.group, resource.resource)) return;
    const missing = WITHOUT_EFFECT[`${resource.group}/${resource.resource}`];
    if (!missing) return;
    const extent = missing.partly ? "have only a part of their effect" : "have no effect";
    attributes.warn(`${resource.resource} ${extent} in the devcluster: ${missing.why}`);
  },
};
