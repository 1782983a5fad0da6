import { controller, defineResource, type Informers, type Observed, t } from "@outrigger/kit";

/** A network and its gateway: data alone, without a status. */
export const Network = defineResource({
  group: "samplecrd.k8s.io",
  version: "v1",
  kind: "Network",
  annotations: { "api-approved.kubernetes.io": "unapproved, an example" },
  spec: t.Object(
    { cidr: t.String({ maxLength: 43 }), gateway: t.String({ maxLength: 39 }) },
    {
      rules: [
        { rule: "isCIDR(self.cidr)", fieldPath: ".cidr", message: "must be a network such as 192.168.0.0/16" },
        { rule: "isIP(self.gateway)", fieldPath: ".gateway", message: "must be an address such as 192.168.0.1" },
        {
          rule: "!isCIDR(self.cidr) || !isIP(self.gateway) || cidr(self.cidr).containsIP(self.gateway)",
          fieldPath: ".gateway",
          message: "must lie in the network",
        },
      ],
    },
  ),
  columns: [
    { name: "CIDR", jsonPath: ".spec.cidr" },
    { name: "Gateway", jsonPath: ".spec.gateway" },
  ],
});

type Print = (line: string) => void;

/** An informer calls back at each change, in order, with the state before where there was one. */
export function printChanges(informers: Informers, print: Print): void {
  informers.for(Network).addHandler({
    onAdd: (network) => print(`add     ${text(network)}`),
    onUpdate: (network, before) => {
      if (network.metadata.generation !== before.metadata.generation) print(`update  ${text(before)} -> ${addresses(network)}`);
    },
    onDelete: (network) => print(`delete  ${text(network)}`),
  });
}

/** A controller is called for each object until it is done with it, whatever changed; its lister answers from the same cache. */
export const networks = (print: Print) =>
  controller(Network).reconcile(async (network, ctx) => {
    const { namespace } = network.metadata;
    print(`process ${text(network)}: one of ${ctx.list(Network, { namespace }).length} in ${namespace}`);
  });

function text(network: Observed<typeof Network>): string {
  return `${network.metadata.namespace}/${network.metadata.name} ${addresses(network)}`;
}
function addresses({ spec }: Observed<typeof Network>): string {
  return `${spec.cidr} by ${spec.gateway}`;
}
