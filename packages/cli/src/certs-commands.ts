import { type Command, InvalidArgumentError } from "commander";

const many = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Declares `outrigger certs …`; what the commands do is loaded when one is called. */
export function certsCommands(program: Command, cluster: (command: Command) => Command): void {
  const certs = program.command("certs").description("certificates of webhooks of your own: make them, and have API servers trust them");
  const secret = (command: Command): Command =>
    cluster(command)
      .requiredOption("--secret <name>", "Secret with ca.crt, tls.crt and tls.key")
      .option("-n, --namespace <name>", "namespace of the Secret and the Service", "default");
  secret(certs.command("create"))
    .description("make an authority and a certificate for a Service, in a Secret; one that is there and good for longer is kept")
    .requiredOption("--service <name>", "Service by which API servers call the webhook")
    .option("--file-names <certificate,key>", "names in the Secret beside tls.crt and tls.key, as cert.pem,key.pem", fileNames)
    .option("--days <number>", "how long the certificate is good for", days, 365)
    .option("--renew-before <days>", "make a new certificate when the present one is good for less", days, 30)
    .option("--signer <name>", "request the certificate of this signer of Kubernetes' API, instead of making an authority")
    .option("--approve", "approve the request yourself; otherwise somebody has to: kubectl certificate approve")
    .option("--authority <file>", "PEM of the signer's authority, where it does not issue it behind the certificate")
    .option("--wait <time>", "how long to wait for the signer", "5m")
    .action(async (options) => (await import("./certs.ts")).createCerts(options));
  secret(certs.command("patch"))
    .description("put the Secret's authority into webhook configurations and definitions: of the cluster, or of a file")
    .option("--mutating <name>", "a MutatingWebhookConfiguration of the cluster; may be repeated", many)
    .option("--validating <name>", "a ValidatingWebhookConfiguration of the cluster; may be repeated", many)
    .option("--crd <name>", "a CustomResourceDefinition of the cluster with a conversion webhook; may be repeated", many)
    .option("-f, --file <file>", "manifests to print with the authority in them; - is standard input")
    .action(async (options) => (await import("./certs.ts")).patchCerts(options));
}

function fileNames(text: string): readonly [string, string] {
  const [certificate = "", key = "", ...more] = text.split(",");
  if (more.length > 0 || certificate === key || ![certificate, key].every((name) => /^[-._a-zA-Z0-9]+$/.test(name)))
    throw new InvalidArgumentError("write two names with a comma between, as cert.pem,key.pem");
  return [certificate, key];
}

function days(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 3650)) throw new InvalidArgumentError("write a number of days from 1 to 3650");
  return value;
}
