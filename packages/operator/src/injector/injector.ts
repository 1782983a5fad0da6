import type { Log } from "@outrigger/kit/controller";
import { mutate, type WebhookServer, webhookServer } from "@outrigger/kit/webhook";
import { mutatePod } from "../admission/index.ts";
import { FollowedFiles } from "../followed-files/index.ts";
import { compileRules, type Rules } from "../pipeline/index.ts";
import { parseTemplate } from "../templates/index.ts";

export interface InjectorOptions {
  /** The template: the seed's `sidecarconfig.yaml`. */
  readonly configFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly host?: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told the port once reviews are answered. */
  readonly onReady?: (port: number) => void;
}

/** API servers keep idle connections for 90 s, and a pod has 30 s in all to stop. */
const DRAIN_MS = 5_000;
/** Whoever wrote the configuration chose the namespaces there; a pod may still opt out. */
const CHOSEN = { "sidecar-injection": "enabled" };

/**
 * Runs until the signal ends, then drains.
 *
 * @throws Error where a file cannot be read or used at the start.
 */
export async function runInjector({
  configFile,
  certificateFile,
  keyFile,
  log,
  signal,
  onReady,
  ...options
}: InjectorOptions): Promise<void> {
  let rules: Rules | undefined;
  let server: WebhookServer | undefined;
  let pair: { certificate: string; key: string } | undefined;
  const report = (line: string): void => log.warn({}, line);
  const config = new FollowedFiles(
    [configFile],
    ([text = ""]) => {
      rules = compileRules({ templates: [parseTemplate("sidecarconfig", text)] });
      log.info({ file: configFile }, "template read");
    },
    report,
  );
  const certificates = new FollowedFiles(
    [certificateFile, keyFile],
    ([certificate = "", key = ""]) => {
      if (server) server.setCertificate({ certificate, key });
      pair = { certificate, key };
      log.info({ file: certificateFile }, "certificate read");
    },
    report,
  );
  try {
    await config.start();
    await certificates.start();
    const handler = mutate("/mutate", (request) => {
      const around = { namespaceLabels: CHOSEN, now: new Date() };
      const { name, namespace } = request;
      return mutatePod(request, rules!, {
        ...around,
        decided: ({ reasons }) => {
          for (const { rule, action, message } of reasons) log.debug({ namespace, name, rule, action }, message);
        },
      });
    });
    server = webhookServer({
      webhooks: [handler, { ...handler, path: "/inject" }],
      certificate: pair!,
      ...options,
      onError: (error, path) => log.error({ path }, (error as Error).message),
    });
    const port = await server.listen();
    log.info({ port }, "reviews are answered under /mutate and /inject");
    onReady?.(port);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await server.drain(DRAIN_MS);
  } finally {
    config.stop();
    certificates.stop();
    await server?.close();
  }
}
