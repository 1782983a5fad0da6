import type { Flags } from "./flags.ts";

/** The flags of the injector that people run already, by their names. */
export const INJECTOR_FLAGS = {
  sidecarCfgFile: { environment: "SIDECAR_CONFIG_FILE", default: "/etc/webhook/config/sidecarconfig.yaml", help: "The template." },
  tlsCertFile: { environment: "TLS_CERT_FILE", default: "/etc/webhook/certs/cert.pem", help: "The server's certificate, PEM." },
  tlsKeyFile: { environment: "TLS_KEY_FILE", default: "/etc/webhook/certs/key.pem", help: "The certificate's key, PEM." },
  port: { environment: "INJECTOR_PORT", default: "8443", help: "Port of the webhook server." },
  v: { environment: "LOG_VERBOSITY", default: "0", help: "Verbosity: from 1 on, every decision is logged." },
  alsologtostderr: {
    environment: "ALSO_LOG_TO_STDERR",
    default: "true",
    choices: ["true"],
    help: "There is no other log than that of the container, so it cannot be turned off.",
  },
} as const satisfies Flags;

/** By these the injector is known where no program is named, as in manifests that were written for it. */
export const INJECTOR_ONLY: readonly string[] = ["sidecarCfgFile", "tlsCertFile", "tlsKeyFile"];
