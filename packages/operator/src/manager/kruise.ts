import type { Informer } from "@outrigger/kit/cache";
import { MutatingWebhookConfiguration } from "@outrigger/kit/kinds";
import type { MetricFamily } from "@outrigger/kit/metrics";
import type { FeatureContext, FeatureRead } from "../feature/index.ts";
import { gauge } from "../figures/index.ts";
import { KRUISE_SELECTION, kruisePodWebhook } from "../kruise/index.ts";
import type { FreshSource } from "./freshness.ts";

/**
 * Whether kruise's manager still injects SidecarSets into pods.
 *
 * Guarantees
 * - While its webhook for pods is registered, `active` says which, and then no SidecarSet is injected, rolled out or repaired here:
 *   pods would get every sidecar twice, and two controllers would write them.
 * - What is active, and that it is gone, is reported once each time.
 */
export class Kruise {
  #informer: Informer | undefined;
  #last: string | undefined;

  /** The read that a feature declares. */
  readonly read: FeatureRead = { resource: MutatingWebhookConfiguration, options: KRUISE_SELECTION };

  /** Begins to follow the configuration; call before the caches start. */
  follow({ informers, report, changed }: Pick<FeatureContext, "informers" | "report" | "changed">): void {
    const informer = informers.for(MutatingWebhookConfiguration, KRUISE_SELECTION) as unknown as Informer;
    this.#informer = informer;
    const look = (): void => {
      const { active } = this;
      if (active === this.#last) return;
      this.#last = active;
      changed();
      report(
        active === undefined ? "kruise's webhook for pods is gone: SidecarSets are injected and rolled out from now on" : message(active),
      );
    };
    informer.addHandler({ onAdd: look, onUpdate: look, onDelete: look });
  }

  /** The name of kruise's webhook for pods; nothing where there is none. */
  get active(): string | undefined {
    return kruisePodWebhook(this.#informer?.lister.list() ?? []);
  }

  /** The same as the last event said it, for reviews: they come often. */
  get isActive(): boolean {
    return this.#last !== undefined;
  }

  /** Why nothing is done with SidecarSets; nothing where it is. */
  get obstacle(): string | undefined {
    const { active } = this;
    return active === undefined ? undefined : message(active);
  }

  get source(): FreshSource {
    return { informer: this.#informer!, options: { fieldSelector: KRUISE_SELECTION.fieldSelector }, onlyAfterBreak: true };
  }

  get family(): MetricFamily {
    const help = "1 while kruise's webhook for pods is registered, and SidecarSets are neither injected nor rolled out for that";
    return gauge("outrigger_kruise_webhook_active", help, [{ value: this.active === undefined ? 0 : 1, labels: {} }]);
  }
}

function message(webhook: string): string {
  return `kruise's webhook ${webhook} for pods is active: SidecarSets are neither injected nor rolled out here until it is taken away; outrigger adopt says how`;
}
