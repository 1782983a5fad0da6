import { setTimeout as wait } from "node:timers/promises";
import type { ConfigurationSource } from "@outrigger/config";

export interface ApolloOptions {
  /** Address of its configuration service. */
  readonly server: string;
  readonly appId: string;
  /** A namespace in JSON: `application.json`. */
  readonly namespace: string;
  readonly cluster?: string;
}

/** A namespace of an Apollo configuration server, followed by its long poll. */
export function apollo({ server, appId, namespace, cluster = "default" }: ApolloOptions): ConfigurationSource {
  const name = `${server}/configs/${appId}/${cluster}/${namespace}`;
  return {
    name,
    async read() {
      const answer = await fetch(name);
      if (!answer.ok) throw new Error(`${name} answers ${answer.status}`);
      const { configurations } = (await answer.json()) as { configurations: { content: string } };
      return { value: JSON.parse(configurations.content) as unknown };
    },
    watch(changed, signal) {
      void follow({ server, appId, namespace, cluster }, changed, signal);
    },
  };
}

async function follow(
  { server, appId, namespace, cluster }: Required<ApolloOptions>,
  changed: () => void,
  signal: AbortSignal,
): Promise<void> {
  let notificationId = -1;
  while (!signal.aborted) {
    try {
      const query = new URLSearchParams({ appId, cluster, notifications: JSON.stringify([{ namespaceName: namespace, notificationId }]) });
      // Answers when there is news, and 304 after a minute without.
      const answer = await fetch(`${server}/notifications/v2?${query}`, { signal });
      if (answer.status === 200) {
        const [news] = (await answer.json()) as { notificationId: number }[];
        notificationId = news?.notificationId ?? notificationId;
        changed();
      } else if (answer.status !== 304) throw new Error(String(answer.status));
    } catch {
      await wait(1000, undefined, { signal, ref: false }).catch(() => {});
    }
  }
}
