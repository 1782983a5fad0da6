import type { KubeObject } from "@outrigger/kit/api";
import { type Client, ConflictError } from "@outrigger/kit/client";
import { MutatingWebhookConfiguration } from "@outrigger/kit/kinds";
import { POD_CONFIGURATION } from "./configuration.ts";

/** On the configuration for pods: until when (RFC 3339) the entry for all pods stays. */
export const WIDE_UNTIL_ANNOTATION = "outrigger.dev/wide-until";
const OPEN_MS = 60_000;
/** Opened again when less than this is left: at most one write in 40 seconds, however many ask. */
const LEAST_MS = 20_000;
const ATTEMPTS = 5;

/**
 * For a minute, all pods are sent to us: a rule may be about to be made that the scope does not cover yet.
 *
 * A review is what says so, and anybody may have sent it. So nothing of the review gets into the entry, its `failurePolicy` is
 * Ignore, and however many reviews come, the cluster sees two requests in 40 seconds. The rule itself widens the scope
 * when the API server shows it.
 *
 * Any replica opens it, also while nobody leads; who leads keeps it, and closes it in time.
 */
export class WideScope {
  readonly #client: Client;
  readonly #entry: () => { readonly name: string };
  #until = 0;
  #opening: Promise<void> | undefined;

  /** @param entry the entry for all pods, as it is to be written */
  constructor(client: Client, entry: () => { readonly name: string }) {
    this.#client = client;
    this.#entry = entry;
  }

  /** Resolves when the entry is there. @throws StatusError, ConnectionError */
  open(): Promise<void> {
    if (this.#until - Date.now() > LEAST_MS) return Promise.resolve();
    this.#opening ??= this.#write().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #write(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const found = (await this.#client.find(MutatingWebhookConfiguration, { name: POD_CONFIGURATION })) as unknown as
        | (KubeObject & { webhooks?: readonly { name: string }[] })
        | undefined;
      // Nobody leads and nobody did: whoever will makes it, as wide as the rules are by then.
      if (found === undefined) return;
      const until = wideUntil(found);
      if (until - Date.now() > LEAST_MS) {
        this.#until = until;
        return;
      }
      const entry = this.#entry();
      const webhooks = [...(found.webhooks ?? []).filter(({ name }) => name !== entry.name), entry];
      const next = Date.now() + OPEN_MS;
      const metadata = {
        resourceVersion: found.metadata.resourceVersion,
        annotations: { [WIDE_UNTIL_ANNOTATION]: new Date(next).toISOString() },
      };
      try {
        await this.#client.patch(
          MutatingWebhookConfiguration,
          { name: POD_CONFIGURATION },
          { type: "merge", patch: { metadata, webhooks } },
        );
        this.#until = next;
        return;
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt >= ATTEMPTS) throw error;
      }
    }
  }
}

/** Until when the configuration is wide, in milliseconds since 1970; 0 where it is not. A time that no replica can have written does not count. */
export function wideUntil(configuration: KubeObject | undefined): number {
  const until = Date.parse(configuration?.metadata.annotations?.[WIDE_UNTIL_ANNOTATION] ?? "");
  return until > Date.now() && until < Date.now() + 2 * OPEN_MS ? until : 0;
}
