import type { KubeObject } from "@outrigger/kit/api";
import { type Client, ConflictError, dynamicResource, NotFoundError } from "@outrigger/kit/client";
import type { EventRecorder } from "@outrigger/kit/controller";
import { certificatesIn } from "@outrigger/kit/pki";
import { type ConfigurationKeeper, configurationKeeper, type Repair, unregisterWebhooks, type WebhookTarget } from "@outrigger/kit/webhook";
import type { Feature, Observed, RunningFeature } from "../feature/index.ts";
import { withoutConversion } from "./install.ts";
import { unlessSuspended } from "./suspended.ts";

const CONFIGURATIONS = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"].map((kind) =>
  dynamicResource("admissionregistration.k8s.io/v1", kind, `${kind.toLowerCase()}s`, "Cluster"),
);
/** What a program may take to leave things in order. */
const LEAVE_WITHIN_MS = 3_000;
/** In this time API servers learn of a changed configuration, as a rule. */
const LEARN_MS = 1_000;
/** How long a manager goes on serving for the one that takes over. */
const HAND_OVER_MS = 5_000;
export const FIELD_MANAGER = "outrigger-manager";

interface Ours {
  readonly kind: string;
  readonly name: string;
  readonly resourceVersion: string;
}

export interface RegistrationParts {
  readonly client: Client;
  readonly events: EventRecorder;
  readonly features: readonly Feature[];
  readonly off: readonly Feature[];
  readonly running: readonly RunningFeature[];
  readonly webhook: () => WebhookTarget;
  readonly report: (line: string) => void;
}

/**
 * Keeps what makes API servers call us: the webhook configurations and definitions of all features. Only the manager that
 * leads does it, so that two never write against each other.
 */
export class Registration {
  readonly #parts: RegistrationParts;
  #keeper: ConfigurationKeeper | undefined;
  /** Since when each authority has been in every configuration, by `performance.now()`. */
  readonly #trusted = new Map<string, number>();

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  /** Puts everything in force, and keeps it so. Resolves when it is, as read back. */
  async start(signal: AbortSignal): Promise<void> {
    const { client, off, report } = this.#parts;
    await unregisterWebhooks(client, configurations(off, { url: "https://localhost" })).catch((error: unknown) => {
      report(`the webhook entries of features that are off could not be taken away: ${(error as Error).message}`);
    });
    this.#keeper = configurationKeeper(client, {
      wanted: (observed) => this.#wanted(observed),
      fieldManager: FIELD_MANAGER,
      onRepair: (repair) => this.#repaired(repair),
      onError: (error, object) => this.#failed(error, object),
    });
    await this.#keeper.settled(signal);
  }

  /** What is wanted has changed. */
  changed(): void {
    this.#forget();
    void this.#keeper?.refresh().catch(() => {});
  }

  /** Whether this process keeps the configurations: it leads. */
  get keeps(): boolean {
    return this.#keeper !== undefined;
  }

  /** For how many milliseconds these authorities have been in every configuration, as read back; 0 where one is not, or we do not lead. */
  inForceMs(bundle: string): number {
    const since = this.#keeper?.inForceSince;
    const wanted = this.#forget();
    // Other changes of the configurations do not count: what is trusted stays in them.
    if (since !== undefined) for (const one of wanted) if (!this.#trusted.has(one)) this.#trusted.set(one, since);
    const known = certificatesIn(bundle).map((one) => this.#trusted.get(one) ?? Number.POSITIVE_INFINITY);
    return this.#keeper && known.length > 0 ? Math.max(0, performance.now() - Math.max(...known)) : 0;
  }

  /** Forgets what is wanted no longer. @returns what is. */
  #forget(): readonly string[] {
    const wanted = certificatesIn(this.#parts.webhook().caBundle ?? "");
    for (const one of this.#trusted.keys()) if (!wanted.includes(one)) this.#trusted.delete(one);
    return wanted;
  }

  async stop(): Promise<void> {
    await this.#keeper?.stop();
    this.#keeper = undefined;
    this.#trusted.clear();
  }

  /**
   * Takes away the entries that send reviews to this process: for a manager that is not installed in the cluster.
   *
   * @param others whether another process serves: then it is waited for until it has put its own in the place of ours.
   */
  async leave(others: boolean): Promise<void> {
    const deadline = performance.now() + HAND_OVER_MS;
    while (others && (await this.#ours()).length > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100));
    // API servers that have not learned of it yet still call.
    if (others) await new Promise((resolve) => setTimeout(resolve, LEARN_MS));
    const signal = AbortSignal.timeout(LEAVE_WITHIN_MS);
    let failed = false;
    for (const ours of await this.#ours()) failed = !(await this.#takeAway(ours, signal)) || failed;
    // Objects that are stored must stay readable.
    for (const { metadata, spec } of this.#definitions() as readonly (KubeObject & { spec?: { conversion?: { webhook?: object } } })[]) {
      if (spec?.conversion?.webhook === undefined || others) continue;
      await withoutConversion(this.#parts.client, metadata.name ?? "", signal).catch((error: unknown) => {
        if (!(error instanceof NotFoundError))
          this.#parts.report(`the conversion webhook of ${metadata.name} could not be taken away: ${(error as Error).message}`);
      });
    }
    if (failed) this.#parts.report("webhook entries of this manager are left in the cluster, see above: delete them, or start a manager");
  }

  /** One configuration; where it may not be deleted it is emptied, so that it blocks nobody. */
  async #takeAway({ kind, name, resourceVersion }: Ours, signal: AbortSignal): Promise<boolean> {
    const resource = CONFIGURATIONS.find((one) => one.kind === kind)!;
    const { client, report } = this.#parts;
    // Written meanwhile, it is another manager's.
    const gone = (error: unknown): boolean => error instanceof NotFoundError || error instanceof ConflictError;
    try {
      await client.delete(resource, { name }, { preconditions: { resourceVersion }, signal });
      return true;
    } catch (error) {
      if (gone(error)) return true;
      report(`${kind} ${name} could not be deleted: ${(error as Error).message}; it is emptied`);
    }
    try {
      await client.patch(resource, { name }, { type: "merge", patch: { metadata: { resourceVersion }, webhooks: [] } }, { signal });
      return true;
    } catch (error) {
      if (gone(error)) return true;
      report(`${kind} ${name} could not be emptied: ${(error as Error).message}`);
      return false;
    }
  }

  /** The configurations of ours that send reviews to this process. */
  async #ours(): Promise<Ours[]> {
    const { client, webhook, report } = this.#parts;
    const target = webhook();
    const signal = AbortSignal.timeout(LEAVE_WITHIN_MS);
    const found: Ours[] = [];
    for (const { kind, metadata } of this.#configurations(() => undefined)) {
      const name = metadata.name ?? "";
      try {
        const object = (await client.find(CONFIGURATIONS.find((one) => one.kind === kind)!, { name }, { signal })) as
          | KubeObject
          | undefined;
        if (object && callsUs(object, target)) found.push({ kind, name, resourceVersion: object.metadata.resourceVersion ?? "" });
      } catch (error) {
        report(`${kind} ${name} could not be looked at: ${(error as Error).message}`);
      }
    }
    return found;
  }

  #wanted(observed: Observed): KubeObject[] {
    const configurations = this.#configurations(observed);
    const definitions = this.#definitions().filter((one) => !this.#parts.running.some((feature) => feature.leavesAlone?.(one)));
    return [...definitions, ...configurations.map((one) => unlessSuspended(one, observed(one.kind, one.metadata.name ?? "")))];
  }

  #configurations(observed: Observed): KubeObject[] {
    const { features, running, webhook } = this.#parts;
    return [...configurations(features, webhook()), ...running.flatMap((feature) => feature.configurations?.(observed) ?? [])];
  }

  #definitions(): KubeObject[] {
    const { features, webhook } = this.#parts;
    return features.flatMap(({ definitions }) => definitions?.(webhook()) ?? []);
  }

  #repaired({ object, paths, by }: Repair): void {
    const { kind, metadata } = object;
    const what =
      paths === undefined
        ? "was deleted"
        : `was changed${by === undefined ? "" : ` by ${by}`} in ${paths.slice(0, 3).join(", ")}${paths.length > 3 ? ` and ${paths.length - 3} more places` : ""}`;
    const text = `${kind} ${metadata.name} ${what}; the manager put it right`;
    this.#parts.report(text);
    this.#parts.events.event(object, paths === undefined ? "Recreated" : "Repaired", text, { type: "Warning" });
  }

  #failed(error: unknown, object: KubeObject | undefined): void {
    const { running, report } = this.#parts;
    if (object && running.some((feature) => feature.refused?.(object, error))) {
      this.changed();
      return;
    }
    report(
      `${object ? `${object.kind} ${object.metadata.name}` : "webhook configurations"} could not be kept: ${(error as Error).message}; trying again`,
    );
  }
}

/** Webhook configurations that do not depend on what is in the cluster. */
export function configurations(features: readonly Feature[], target: WebhookTarget): KubeObject[] {
  return features.flatMap((feature) => feature.configurations?.(target) ?? []);
}

function callsUs(object: KubeObject, target: WebhookTarget): boolean {
  const webhooks =
    (object["webhooks"] as readonly { clientConfig?: { url?: string; service?: { namespace?: string; name?: string } } }[] | undefined) ??
    [];
  // Whoever emptied it has nothing to lose.
  if (webhooks.length === 0) return true;
  return webhooks.some(({ clientConfig }) => {
    if ("url" in target) return clientConfig?.url?.startsWith(`${target.url}/`);
    return clientConfig?.service?.name === target.service.name && clientConfig.service.namespace === target.service.namespace;
  });
}
