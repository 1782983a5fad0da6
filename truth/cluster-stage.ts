import type { KubeObject } from "@outrigger/kit/api";
import { AlreadyExistsError, type Client, connect, dynamicResource, NotFoundError, StatusError } from "@outrigger/kit/client";
import { ConfigMap, ControllerRevision, Namespace, Pod } from "@outrigger/kit/kinds";
import {
  type DefaultingCase,
  type InjectionCase,
  type InjectionStage,
  runManager,
  type SetStage,
  type SidecarSet,
  SidecarSets,
  SidecarSetsV1alpha1,
  type ValidationCase,
} from "@outrigger/operator";
import { eventually } from "@outrigger/testing";

const MARKER = "truth-marker";
const OWN_NAMESPACE = "truth-manager";
const DEADLINE_MS = 15_000;

/**
 * A cluster whose API server calls the real manager over TLS: sets pass our conversion, defaulting and validating
 * webhooks, pods our injection. Nothing waits by the clock: after each change a marker set gets a new selector, and once
 * a pod that only this selector matches comes back injected, both the API server's webhook configuration and the
 * manager's rules are younger than the change.
 */
export class ClusterStage implements InjectionStage, SetStage {
  readonly canExclude = false;
  readonly #client: Client;
  readonly #kubeconfig: string;
  readonly #known = new Set<string>();
  #stopManager: () => Promise<void> = async () => {};
  #made: string[] = [];
  #configured: InjectionCase["configMap"];
  #marks = 0;

  private constructor(client: Client, kubeconfig: string) {
    this.#client = client;
    this.#kubeconfig = kubeconfig;
  }

  /** Starts the manager, its webhooks by URL on loopback, against the cluster of a kubeconfig. */
  static async start(kubeconfig: string): Promise<ClusterStage> {
    const stage = new ClusterStage(connect({ text: kubeconfig }, { onWarning: () => {} }), kubeconfig);
    await stage.#startManager();
    await stage.#namespace({ name: MARKER });
    await stage.#client.create(SidecarSets, marker(0) as never);
    return stage;
  }

  async #startManager(): Promise<void> {
    const stopping = new AbortController();
    const ready = Promise.withResolvers<void>();
    const running = runManager({
      kubeconfig: { text: this.#kubeconfig },
      namespace: OWN_NAMESPACE,
      webhook: { mode: "url", host: "127.0.0.1", port: 0 },
      environment: {},
      temporary: true,
      signal: stopping.signal,
      report: () => {},
      onReady: () => ready.resolve(),
    });
    this.#stopManager = async () => {
      stopping.abort();
      await running;
    };
    await Promise.race([ready.promise, running]);
  }

  /** Takes away what it made, the definitions apart, and stops the manager. */
  async stop(): Promise<void> {
    await this.#clear();
    await this.#client.delete(SidecarSets, { name: MARKER });
    await this.#stopManager();
    await this.#client.close();
  }

  async submit(sets: readonly KubeObject[], recorded: InjectionCase, { unjudged = false } = {}) {
    await this.#surround({ namespaces: recorded.namespaces, configMap: recorded.configMap });
    await this.#clear();
    try {
      if (unjudged) await this.#asFoundThere(recorded.storedSidecarsets ?? []);
      else for (const set of sets) await this.#write(set, true);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { refused: reasons(error) };
    }
    await this.#settled();
    const stored = await Promise.all([...new Set(this.#made)].map((name) => this.#client.get(SidecarSets, { name })));
    return { stored: stored as unknown as readonly SidecarSet[] };
  }

  async create({ pod }: InjectionCase) {
    try {
      return { pod: (await this.#client.create(Pod, pod as never, { dryRun: true })) as never };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { refused: reasons(error) };
    }
  }

  async judge({ configMap, existing = [], old, operation, sidecarset }: ValidationCase) {
    await this.#surround({ namespaces: [], configMap });
    await this.#clear();
    for (const set of [...existing, ...(old === undefined ? [] : [old])]) await this.#write(set);
    // Its status is written after it: an update must name the version that comes of that.
    if (old !== undefined) await this.#observed(old.metadata.name ?? "");
    const resource = resourceOf(sidecarset);
    try {
      if (operation === "CREATE") return { stored: (await this.#client.create(resource, sidecarset as never, { dryRun: true })) as never };
      const name = sidecarset.metadata.name ?? "";
      const { resourceVersion } = (await this.#client.get(resource, { name })).metadata;
      const next = { ...sidecarset, metadata: { ...sidecarset.metadata, resourceVersion } };
      return { stored: (await this.#client.update(resource, next as never, { dryRun: true })) as never };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { refused: reasons(error) };
    }
  }

  async store({ configMap, sidecarset }: DefaultingCase) {
    await this.#surround({ namespaces: [], configMap });
    await this.#clear();
    const name = sidecarset.metadata.name ?? "";
    try {
      const responseToCreate = (await this.#client.create(resourceOf(sidecarset), sidecarset as never)) as KubeObject;
      this.#made.push(name);
      await this.#observed(name);
      const [v1alpha1, v1beta1] = await Promise.all(
        [SidecarSetsV1alpha1, SidecarSets].map((resource) => this.#client.get(resource as typeof SidecarSets, { name })),
      );
      return {
        responseToCreate,
        v1alpha1: v1alpha1 as never,
        v1beta1: v1beta1 as never,
        controllerRevisions: (await this.#revisions((set) => set === name)).map(recordedRevision),
      };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { refused: reasons(error) };
    }
  }

  /** Resolves when the controller has seen the set's latest generation. */
  async #observed(name: string): Promise<void> {
    await eventually(
      async () => {
        const { metadata, status } = (await this.#client.get(SidecarSets, { name })) as unknown as SidecarSet;
        return status?.observedGeneration === metadata.generation && status?.latestRevision !== undefined;
      },
      { intervalMs: 5, timeoutMs: DEADLINE_MS },
    );
  }

  async #revisions(of: (set: string) => boolean): Promise<KubeObject[]> {
    const { items } = await this.#client.list(ControllerRevision, { namespace: OWN_NAMESPACE });
    return (items as unknown as KubeObject[]).filter(({ metadata }) => of(metadata.labels?.[REVISION_SET_LABEL] ?? ""));
  }

  /** The case's namespaces and kruise's configuration. */
  async #surround({
    namespaces,
    configMap,
  }: Pick<InjectionCase, "namespaces"> & { readonly configMap: InjectionCase["configMap"] | undefined }): Promise<void> {
    for (const namespace of namespaces) await this.#namespace(namespace);
    if (JSON.stringify(configMap) === JSON.stringify(this.#configured)) return;
    if (this.#configured !== undefined) await this.#client.delete(ConfigMap, this.#configured);
    this.#configured = configMap;
    if (configMap === undefined) return;
    const { namespace, name, data } = configMap;
    await this.#namespace({ name: namespace, labels: { "control-plane": "controller-manager" } });
    await this.#client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, data } as never);
  }

  async #namespace({ name, labels = {} }: InjectionCase["namespaces"][number]): Promise<void> {
    const key = JSON.stringify([name, labels]);
    if (this.#known.has(key)) return;
    await this.#client.apply(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } } as never);
    this.#known.add(key);
  }

  async #clear(): Promise<void> {
    if (this.#made.length === 0) return;
    const names = new Set(this.#made);
    for (const name of names) await this.#client.delete(SidecarSets, { name }).catch(unlessAbsent);
    this.#made = [];
    await this.#settled();
    // Without a garbage collector the revisions of a set outlive it, and the next set of its name would meet them.
    for (const { metadata } of await this.#revisions((set) => names.has(set)))
      await this.#client.delete(ControllerRevision, { namespace: OWN_NAMESPACE, name: metadata.name ?? "" }).catch(unlessAbsent);
    await eventually(async () => (await this.#revisions((set) => names.has(set))).length === 0, { intervalMs: 5, timeoutMs: DEADLINE_MS });
  }

  /** Creates a set in the version in which it is written, or updates the one of its name. */
  async #write(set: KubeObject, andWait = false): Promise<void> {
    const resource = resourceOf(set);
    const name = set.metadata.name ?? "";
    try {
      await this.#client.create(resource, set as never);
      this.#made.push(name);
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
      const { resourceVersion } = (await this.#client.get(resource, { name })).metadata;
      await this.#client.update(resource, { ...set, metadata: { ...set.metadata, resourceVersion } } as never);
    }
    if (andWait) await this.#observed(name);
  }

  /** Resolves when API server and manager act on everything that was written before. */
  async #settled(): Promise<void> {
    const value = String(++this.#marks);
    await this.#client.patch(SidecarSets, { name: MARKER }, { type: "merge", patch: { spec: marker(this.#marks).spec } });
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "marked", namespace: MARKER, labels: { [MARKER]: value } },
      spec: { containers: [{ name: "main", image: "none" }] },
    };
    await eventually(
      async () => {
        const { spec } = await this.#client.create(Pod, pod as never, { dryRun: true });
        return spec.containers.some(({ name }) => name === MARKER);
      },
      { intervalMs: 2, timeoutMs: DEADLINE_MS },
    );
  }

  /** Sets as kruise left them in a cluster in which our manager starts: nobody of ours has judged them. */
  async #asFoundThere(sets: readonly SidecarSet[]): Promise<void> {
    await this.#stopManager();
    for (const { apiVersion, kind, metadata, spec } of sets) {
      const { name, labels, annotations } = metadata;
      const set = { apiVersion, kind, metadata: { name, labels, annotations }, spec };
      await this.#client.create(SidecarSets, JSON.parse(JSON.stringify(set)) as never);
      this.#made.push(name ?? "");
    }
    await this.#startManager();
  }
}

/** Sets in the version in which this one is written. */
function resourceOf({ apiVersion }: KubeObject) {
  return dynamicResource(apiVersion, "SidecarSet", "sidecarsets", "Cluster");
}

/** A revision as the recording has it. */
function recordedRevision(found: KubeObject): object {
  const { name, labels, annotations } = found.metadata;
  return { name, labels, annotations, revision: found["revision"], data: found["data"] };
}

const REVISION_SET_LABEL = "kruise.io/sidecarset-name";

function marker(mark: number) {
  return {
    apiVersion: SidecarSets.apiVersion,
    kind: SidecarSets.kind,
    metadata: { name: MARKER },
    spec: {
      selector: { matchLabels: { [MARKER]: String(mark) } },
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": MARKER } },
      containers: [{ name: MARKER, image: "none" }],
    },
  };
}

/** Every cause with its field, else the message. */
function reasons({ message, status }: StatusError): string {
  const causes = status.details?.causes ?? [];
  return causes.length === 0 ? message : causes.map((cause) => `${cause.field}: ${cause.message}`).join("; ");
}

function unlessAbsent(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error;
}
