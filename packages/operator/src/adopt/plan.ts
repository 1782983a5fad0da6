import type { KubeObject } from "@outrigger/kit/api";
import { AlreadyExistsError, type Client } from "@outrigger/kit/client";
import {
  ControllerRevision,
  CustomResourceDefinition,
  MutatingWebhookConfiguration,
  Namespace,
  ValidatingWebhookConfiguration,
} from "@outrigger/kit/kinds";
import { type Configuration, kruiseWebhooks } from "../kruise/index.ts";
import { REVISION_SET_LABEL, SidecarSets } from "../sidecarset/index.ts";

export interface Adoption {
  /** Who has what now, a line each. */
  readonly owners: readonly string[];
  /** Why nothing may be written yet, with what to do; none where the steps can be done. */
  readonly blockers: readonly string[];
  readonly steps: readonly AdoptionStep[];
}

export interface AdoptionStep {
  /** `copy revision logs-74b4948645 from kruise-system` */
  readonly what: string;
  readonly run: () => Promise<void>;
}

const DEFINITION = "sidecarsets.apps.kruise.io";
const STORED = "v1beta1";
const OWN_MANAGER = "outrigger-manager";
/** As kruise's controllers write; the first is what its manager calls itself, the second controller-runtime's default. */
const KRUISE_MANAGERS = new Set(["kruise-manager", "manager"]);

/**
 * What is to be done so that our manager has the SidecarSets that kruise's manager had.
 *
 * @param namespace of our manager, where revisions go
 */
export async function planAdoption(client: Client, namespace: string): Promise<Adoption> {
  const definition = await client.find(CustomResourceDefinition, { name: DEFINITION });
  if (definition === undefined)
    return {
      owners: [],
      blockers: [`the cluster has no definition ${DEFINITION}: there is nothing to take over, install the manager`],
      steps: [],
    };
  const { metadata, status } = definition as unknown as KubeObject & { status?: { storedVersions?: string[] } };
  const managers = [...new Set((metadata.managedFields ?? []).map(({ manager }) => manager ?? "unknown"))];
  const stored = status?.storedVersions ?? [];
  const owners = [
    `definition ${DEFINITION}: written by ${managers.join(", ") || "unknown"}, stored versions ${stored.join(", ")}${managers.includes(OWN_MANAGER) ? "" : "; our manager takes it over when it starts"}`,
  ];
  const blockers = await activeWebhooks(client);
  const { items: sets } = await client.list(SidecarSets);
  const steps = [
    ...(await revisionSteps(client, namespace, sets as unknown as readonly KubeObject[], owners)),
    ...(sets as unknown as readonly KubeObject[]).flatMap((set) => ownershipStep(client, set)),
    ...storageSteps(client, sets as unknown as readonly KubeObject[], stored),
  ];
  return { owners, blockers, steps };
}

/** kruise's webhooks for pods and sets. */
async function activeWebhooks(client: Client): Promise<string[]> {
  const lists = await Promise.all([client.list(MutatingWebhookConfiguration), client.list(ValidatingWebhookConfiguration)]);
  return lists.flatMap(({ items }) =>
    (items as unknown as readonly Configuration[]).flatMap((configuration) =>
      kruiseWebhooks(configuration, ["pods", "sidecarsets"]).map(
        (webhook) =>
          `kruise's webhook ${webhook} in ${configuration.metadata.name} is active: pods would be injected twice. Scale kruise's manager to 0 and take this entry away, then try again`,
      ),
    ),
  );
}

/** Revisions of the sets that lie in other namespaces. */
async function revisionSteps(client: Client, namespace: string, sets: readonly KubeObject[], owners: string[]): Promise<AdoptionStep[]> {
  const { items } = await client.list(ControllerRevision, { labelSelector: REVISION_SET_LABEL });
  const revisions = items as unknown as readonly (KubeObject & { readonly data?: unknown; readonly revision: number })[];
  const here = new Set(revisions.filter(({ metadata }) => metadata.namespace === namespace).map(({ metadata }) => metadata.name));
  const foreign = revisions.filter(({ metadata }) => metadata.namespace !== namespace);
  for (const [where, ofNamespace] of Map.groupBy(foreign, ({ metadata }) => metadata.namespace))
    owners.push(`namespace ${where}: ${ofNamespace.length} revisions of SidecarSets`);
  const steps: AdoptionStep[] = [];
  for (const { apiVersion, kind, metadata, data, revision } of foreign) {
    const { name = "", labels, annotations, namespace: from } = metadata;
    const set = sets.find((one) => one.metadata.name === labels?.[REVISION_SET_LABEL]);
    if (set === undefined || here.has(name)) continue;
    const owner = {
      apiVersion: set.apiVersion,
      kind: set.kind,
      name: set.metadata.name,
      uid: set.metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    };
    const copy = { apiVersion, kind, metadata: { name, namespace, labels, annotations, ownerReferences: [owner] }, data, revision };
    steps.push({
      what: `copy revision ${name} from ${from} to ${namespace}`,
      run: async () => {
        await client.apply(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } } as never);
        await client.create(ControllerRevision, copy as never, { fieldManager: OWN_MANAGER }).catch((error: unknown) => {
          if (!(error instanceof AlreadyExistsError)) throw error;
        });
      },
    });
  }
  return steps;
}

/** The fields of a set that kruise's manager owns become ours; those of people stay theirs. */
function ownershipStep(client: Client, set: KubeObject): AdoptionStep[] {
  const { name = "", managedFields = [], resourceVersion } = set.metadata;
  if (!managedFields.some(({ manager = "" }) => KRUISE_MANAGERS.has(manager))) return [];
  // Ours are written by apply: entries of one manager, operation and subresource must not stand twice.
  const value = managedFields
    .filter((entry) => !KRUISE_MANAGERS.has(entry.manager ?? "") || entry.subresource !== "status")
    .map((entry) => (KRUISE_MANAGERS.has(entry.manager ?? "") ? { ...entry, manager: OWN_MANAGER } : entry));
  const patch = [
    { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
    // An empty list would mean that nobody cares who owns what; one empty entry gives all up.
    { op: "replace", path: "/metadata/managedFields", value: value.length === 0 ? [{}] : value },
  ];
  return [
    {
      what: `take over the fields of SidecarSet ${name} that kruise's manager owns`,
      run: async () => void (await client.patch(SidecarSets, { name }, { type: "json", patch })),
    },
  ];
}

/** Sets that may be stored in an older version are written once, and then only the present one is said to be stored. */
function storageSteps(client: Client, sets: readonly KubeObject[], stored: readonly string[]): AdoptionStep[] {
  if (stored.every((version) => version === STORED)) return [];
  const rewrites = sets.map(
    ({ metadata: { name = "" } }): AdoptionStep => ({
      what: `store SidecarSet ${name} as ${STORED}`,
      run: async () => {
        const { resourceVersion } = (await client.get(SidecarSets, { name })).metadata;
        // A write that changes nothing is stored in the present version where the stored one is another.
        await client.patch(SidecarSets, { name }, { type: "merge", patch: { metadata: { resourceVersion } } });
      },
    }),
  );
  return [
    ...rewrites,
    {
      what: `say in ${DEFINITION} that only ${STORED} is stored`,
      run: async () =>
        void (await client.patch(
          CustomResourceDefinition,
          { name: DEFINITION },
          { type: "merge", patch: { status: { storedVersions: [STORED] } } },
          { subresource: "status" },
        )),
    },
  ];
}
