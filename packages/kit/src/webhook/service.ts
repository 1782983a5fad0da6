import { type WebhookMetrics, type WebhookServer, type WebhookServerOptions, webhookServer } from "./server.ts";

/** What a webhook service logs with: a manager's log is one. */
interface ErrorLog {
  error(fields: object, message?: string): void;
}

/** What the service of the webhooks is made of. */
export interface WebhookServiceOptions extends Omit<WebhookServerOptions, "ready"> {
  readonly name?: string;
  /** Milliseconds to go on serving after the manager is told to stop. Default 30,000; 0 where nobody calls any more. */
  readonly drainMs?: number;
  /** Milliseconds of these in which new connections are taken in any case: callers learn later that the process goes. Default 0. */
  readonly lingerMs?: number;
  /** Told the server once it listens, its port, and a signal that ends when the manager is to stop: what it waits for must not keep that. */
  readonly onListening?: (server: WebhookServer, port: number, signal: AbortSignal) => void | Promise<void>;
}

/** A webhook server as a part of a manager: it answers 503 until the caches have synced (conversions at once), and drains when the manager stops. */
export interface WebhookService {
  readonly name: string;
  start(context?: {
    readonly webhookMetrics?: WebhookMetrics;
    readonly signal?: AbortSignal;
    readonly log?: ErrorLog;
  }): Promise<{ ready(): void; stop(): Promise<void> }>;
}

/** The service that serves webhooks as a part of a manager. */
export function webhookService(options: WebhookServiceOptions): WebhookService {
  const { name = "webhooks", drainMs, lingerMs, onListening, ...serverOptions } = options;
  return {
    name,
    async start(context) {
      const metrics = serverOptions.metrics ?? context?.webhookMetrics;
      const log = context?.log;
      const onError =
        serverOptions.onError ?? (log && ((error, path) => log.error({ err: error, webhook: path }, "a webhook's handler failed")));
      const server = webhookServer({ ...serverOptions, ...(onError ? { onError } : {}), ...(metrics ? { metrics } : {}), ready: false });
      const port = await server.listen();
      try {
        await onListening?.(server, port, context?.signal ?? new AbortController().signal);
      } catch (error) {
        // Nobody will stop what did not start, and a listening socket keeps the process alive.
        await server.close();
        throw error;
      }
      return { ready: () => server.setReady(true), stop: () => server.drain(drainMs, lingerMs) };
    },
  };
}
