import type { KubeObject } from "../api/index.ts";
import { type Informer, informers } from "../cache/index.ts";
import { type Client, ConflictError, type DynamicResource, dynamicResource, NotFoundError, StatusError } from "../client/index.ts";
import { inspectCertificate, mergeBundles } from "../pki/index.ts";

const RESOURCES = [
  dynamicResource("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "Cluster"),
  dynamicResource("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "Cluster"),
  dynamicResource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "Cluster"),
];
const RETRY_MS = 1_000;

export interface CaBundleKeeperOptions {
  /** Selects the configurations and CRDs that are ours. */
  readonly labelSelector: string;
  /** PEM. */
  readonly bundle: string;
  /** Told of each object that was written. */
  readonly onRepair?: (kind: string, name: string) => void;
  /** Told what failed; it is tried again after a second. Default: nobody. */
  readonly onError?: (error: unknown) => void;
}

export interface CaBundleKeeper {
  /** Resolves when every object carries the bundle, as read back from the server; rejects with the signal's reason. */
  settled(signal?: AbortSignal): Promise<void>;
  /** Puts another bundle in force. Authorities that only the former one held are taken out. Resolves as `settled`. */
  setBundle(bundle: string, signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Keeps the bundle in our webhook configurations and in the conversion of our CRDs, also when somebody applies them
 * again without it.
 *
 * Guarantees
 * - Writes only where something is missing, retired or expired, and only the field `caBundle`.
 * - Authorities that others put there stay, as long as they are valid: replicas that know of different stages of a
 *   rotation do not undo each other's work.
 *
 * Needs `list`, `watch` and `patch` of these three resources.
 */
export function caBundleKeeper(client: Client, options: CaBundleKeeperOptions): CaBundleKeeper {
  return new Keeper(client, options);
}

class Keeper implements CaBundleKeeper {
  readonly #client: Client;
  readonly #options: CaBundleKeeperOptions;
  readonly #informers: ReturnType<typeof informers>;
  readonly #watched: readonly { readonly resource: DynamicResource; readonly informer: Informer }[];
  readonly #waiting = new Set<() => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #bundle: string;
  #retired = "";
  #stopped = false;

  constructor(client: Client, options: CaBundleKeeperOptions) {
    this.#client = client;
    this.#options = options;
    this.#bundle = mergeBundles(options.bundle);
    this.#informers = informers(client, { onError: (error) => options.onError?.(error) });
    this.#watched = RESOURCES.map((resource) => {
      const informer = this.#informers.for(resource, { labelSelector: options.labelSelector }) as unknown as Informer;
      const see = (object: unknown): Promise<void> => this.#repair(resource, object as KubeObject);
      informer.addHandler({ onAdd: see, onUpdate: see, onDelete: () => this.#wake() });
      return { resource, informer };
    });
    this.#informers.start();
  }

  async settled(signal?: AbortSignal): Promise<void> {
    await this.#informers.synced(signal);
    while (!this.#isSettled()) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const abort = (): void => reject(signal?.reason);
      this.#waiting.add(resolve);
      signal?.addEventListener("abort", abort, { once: true });
      try {
        signal?.throwIfAborted();
        await promise;
      } finally {
        this.#waiting.delete(resolve);
        signal?.removeEventListener("abort", abort);
      }
    }
  }

  async setBundle(bundle: string, signal?: AbortSignal): Promise<void> {
    const wanted = mergeBundles(bundle);
    this.#retired = without(mergeBundles(this.#retired, this.#bundle), wanted);
    this.#bundle = wanted;
    for (const { resource, informer } of this.#watched) {
      for (const object of informer.lister.list()) await this.#repair(resource, object as unknown as KubeObject);
    }
    await this.settled(signal);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#informers.stop();
  }

  #isSettled(): boolean {
    return this.#watched.every(({ informer }) =>
      informer.lister.list().every((object) => this.#edits(object as unknown as KubeObject).length === 0),
    );
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
  }

  async #repair(resource: DynamicResource, object: KubeObject): Promise<void> {
    const edits = this.#edits(object);
    if (edits.length === 0) return this.#wake();
    const { name = "", resourceVersion } = object.metadata;
    // The places of the webhooks are those of this version: another one is not to be edited.
    const patch = [{ op: "test", path: "/metadata/resourceVersion", value: resourceVersion }, ...edits];
    try {
      await this.#client.patch(resource, { name }, { type: "json", patch });
      this.#options.onRepair?.(resource.kind, name);
    } catch (error) {
      // Deleted or changed meanwhile: the watch tells, and that version is looked at.
      if (error instanceof NotFoundError || error instanceof ConflictError || isFailedTest(error)) return;
      this.#options.onError?.(error);
      this.#tryAgain(resource, name);
    }
  }

  #tryAgain(resource: DynamicResource, name: string): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const object = this.#watched.find((watched) => watched.resource === resource)?.informer.lister.get({ name });
      if (object) void this.#repair(resource, object as unknown as KubeObject);
    }, RETRY_MS).unref();
    this.#timers.add(timer);
  }

  /** The JSON patch operations that give each `clientConfig` of the object the bundle. */
  #edits(object: KubeObject): object[] {
    return clientConfigs(object).flatMap(({ path, caBundle }) => {
      const present = Buffer.from(caBundle, "base64").toString("utf8");
      const wanted = mergeBundles(this.#bundle, without(valid(present), this.#retired));
      return sameCertificates(present, wanted)
        ? []
        : [{ op: "add", path: `${path}/caBundle`, value: Buffer.from(wanted).toString("base64") }];
    });
  }
}

function clientConfigs(object: KubeObject): { path: string; caBundle: string }[] {
  const webhooks = (object["webhooks"] as { clientConfig?: { caBundle?: string } }[] | undefined) ?? [];
  const found = webhooks.map(({ clientConfig }, index) => ({
    path: `/webhooks/${index}/clientConfig`,
    caBundle: clientConfig?.caBundle ?? "",
  }));
  const conversion = (object["spec"] as { conversion?: { webhook?: { clientConfig?: { caBundle?: string } } } } | undefined)?.conversion
    ?.webhook?.clientConfig;
  return conversion ? [...found, { path: "/spec/conversion/webhook/clientConfig", caBundle: conversion.caBundle ?? "" }] : found;
}

const certificatesOf = (bundle: string): string[] => mergeBundles(bundle).match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g) ?? [];

function sameCertificates(a: string, b: string): boolean {
  const [left, right] = [new Set(certificatesOf(a)), new Set(certificatesOf(b))];
  return left.size === right.size && [...left].every((certificate) => right.has(certificate));
}

function without(bundle: string, removed: string): string {
  const gone = new Set(certificatesOf(removed));
  return certificatesOf(bundle)
    .filter((certificate) => !gone.has(certificate))
    .join("");
}

/** Certificates that can be read and are not past their end: a bundle with one that cannot makes API servers refuse all of it. */
function valid(bundle: string): string {
  return certificatesOf(bundle)
    .filter((certificate) => {
      try {
        return inspectCertificate(certificate).notAfter > new Date();
      } catch {
        return false;
      }
    })
    .join("");
}

function isFailedTest(error: unknown): boolean {
  return error instanceof StatusError && error.statusCode === 422;
}
