import type { KubeObject } from "../api/index.ts";
import { AlreadyExistsError, type Client, ConflictError, dynamicResource, ForbiddenError, NotFoundError } from "../client/index.ts";

const SECRETS = dynamicResource("v1", "Secret", "secrets", "Namespaced");

/** Which Secret, and what it is marked with where it is made. */
export interface SecretIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}
/** Data of a Secret as text. */
export type SecretData = Readonly<Record<string, string>>;

/** Losing this many races in a row means that somebody writes without end. */
const MAX_ATTEMPTS = 10;

/**
 * Reads a Secret, and writes what `decide` makes of it, so that all who do this at the same time agree: who comes
 * second reads what the first wrote and decides anew.
 *
 * @param decide gets the data (`undefined` where there is no Secret) and gives the data to keep; `undefined` leaves it as it is.
 * @returns the data that is stored in the end.
 */
export async function agreeOnSecret(
  client: Client,
  { namespace, name, labels }: SecretIdentity,
  type: "Opaque" | "kubernetes.io/tls",
  decide: (data: SecretData | undefined) => SecretData | undefined,
): Promise<SecretData> {
  for (let attempt = 1; ; attempt++) {
    const found = (await client.find(SECRETS, { namespace, name })) as unknown as KubeObject | undefined;
    const before = found && decode(found);
    const wanted = decide(before);
    if (wanted === undefined && before !== undefined) return before;
    if (wanted === undefined) throw new Error(`Secret ${namespace}/${name} is not there and nobody says what should be in it`);
    const data = Object.fromEntries(Object.entries(wanted).map(([key, text]) => [key, Buffer.from(text).toString("base64")]));
    const immutable = (found as { immutable?: boolean } | undefined)?.immutable === true;
    try {
      if (found && immutable) await replaceable(client, found);
      if (found && !immutable) await client.update(SECRETS, { ...found, data } as never);
      else
        await client.create(SECRETS, {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name, namespace, labels: { ...labels } },
          type,
          data,
        } as never);
      return wanted;
    } catch (error) {
      const lostRace = error instanceof ConflictError || error instanceof AlreadyExistsError;
      if (!lostRace || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

/** Takes an immutable Secret away, which nobody can change. @throws Error that says what to do, where that is not allowed. */
async function replaceable(client: Client, { metadata }: KubeObject): Promise<void> {
  const { namespace = "", name = "", uid = "", resourceVersion = "" } = metadata;
  try {
    await client.delete(SECRETS, { namespace, name }, { preconditions: { uid, resourceVersion } });
  } catch (error) {
    if (error instanceof NotFoundError) return;
    if (!(error instanceof ForbiddenError)) throw error;
    throw new Error(`Secret ${namespace}/${name} is immutable and has to change, and may not be deleted: delete it by hand`, {
      cause: error,
    });
  }
}

function decode(secret: KubeObject): SecretData {
  const data = (secret["data"] as Record<string, string> | undefined) ?? {};
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]));
}
