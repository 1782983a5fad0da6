import type { FaultSpec } from "@outrigger/agent/fault";
import { labelSelectorProblems, Schedule, TimeZoneError } from "@outrigger/kit/api";
import { type Client, ForbiddenError, NotFoundError } from "@outrigger/kit/client";
import { Secret } from "@outrigger/kit/kinds";
import { bodyProblems, faultBody } from "./body.ts";
import type { NetworkFaultObject, NetworkFaultSpec } from "./resource.ts";
import { TOKEN_SECRET } from "./rights.ts";
import { resolveTargets, type Surroundings, TargetsError } from "./targets.ts";

/** A Secret must be of this type before its content is sent to pods: nobody can have another Secret sent by naming it. */
export const TOKEN_SECRET_TYPE = "outrigger.dev/agent-token";

const TOKEN_KEY = "token";

/** What keeps a fault from being set that is not the fault's own doing; it may pass. */
export class NotPreparedError extends Error {
  override readonly name = "NotPreparedError";
  readonly code = "ERR_FAULT_NOT_PREPARED";
  readonly reason: "NoTargets" | "TooManyTargets" | "NoToken";

  constructor(reason: NotPreparedError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What is wrong with a spec that its schema could not say; undefined where it can be acted on. */
export function specProblem(spec: NetworkFaultSpec): string | undefined {
  const { selector, targets, schedule, timeZone } = spec;
  const problems = [
    ...labelSelectorProblems(selector as never, "spec.selector"),
    ...(targets?.pods ?? []).flatMap((pods, index) => [
      ...labelSelectorProblems(pods.selector as never, `spec.targets.pods[${index}].selector`),
      ...labelSelectorProblems(pods.namespaceSelector as never, `spec.targets.pods[${index}].namespaceSelector`),
    ]),
  ].map(({ field, message }) => `${field}: ${message}`);
  problems.push(...bodyProblems(spec));
  if (schedule !== undefined) {
    // As for CronJobs: a zone has one place.
    if (schedule.includes("TZ")) problems.push("spec.schedule: cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
    try {
      new Schedule(schedule, timeZone);
    } catch (error) {
      problems.push(`${error instanceof TimeZoneError ? "spec.timeZone" : "spec.schedule"}: ${(error as Error).message}`);
    }
  }
  return problems.length === 0 ? undefined : problems.join("; ");
}

/**
 * What the agents are to hold, and what is left out of it.
 *
 * @param held the marks of the addresses that the fault is in force for, where these targets are what it was set for
 * @throws NotPreparedError; StatusError and ConnectionError of the client.
 */
export async function prepareBody(
  fault: NetworkFaultObject,
  around: Surroundings,
  client: Client,
  signal: AbortSignal,
  held?: ReadonlySet<string>,
): Promise<{ readonly body: FaultSpec; readonly found: number; readonly marks: readonly string[]; readonly shortfall?: string }> {
  try {
    const { cidrs, ...rest } = await resolveTargets(fault.spec.targets, around, client, signal, held);
    return { body: faultBody(fault.spec, cidrs), ...rest };
  } catch (error) {
    if (error instanceof TargetsError) throw new NotPreparedError(error.reason, error.message);
    throw error;
  }
}

/**
 * The bearer token of the agents: of the Secret that the fault names, else of the one that the shipped SidecarSet mounts, where the
 * namespace has it. An agent that was started without a token does not look at the one it gets.
 *
 * @throws NotPreparedError; StatusError and ConnectionError of the client.
 */
export async function agentToken({ metadata, spec }: NetworkFaultObject, client: Client, signal: AbortSignal): Promise<string | undefined> {
  const reference = spec.agent?.tokenSecret;
  const { namespace } = metadata;
  if (!reference) return usualToken(namespace, client, signal);
  const secret = await client.get(Secret, { namespace, name: reference.name }, { signal }).catch((error: unknown) => {
    if (error instanceof NotFoundError) throw new NotPreparedError("NoToken", `there is no Secret ${namespace}/${reference.name}`);
    if (error instanceof ForbiddenError) throw new NotPreparedError("NoToken", error.message);
    throw error;
  });
  if (secret.type !== TOKEN_SECRET_TYPE)
    throw new NotPreparedError(
      "NoToken",
      `Secret ${namespace}/${reference.name} is of type ${secret.type}: only those of type ${TOKEN_SECRET_TYPE} are used`,
    );
  const value = tokenOf(secret, reference.key);
  if (value === undefined) throw new NotPreparedError("NoToken", `Secret ${namespace}/${reference.name} has no key ${reference.key}`);
  return value;
}

async function usualToken(namespace: string, client: Client, signal: AbortSignal): Promise<string | undefined> {
  const secret = await client.get(Secret, { namespace, name: TOKEN_SECRET }, { signal }).catch((error: unknown) => {
    if (error instanceof NotFoundError || error instanceof ForbiddenError) return undefined;
    throw error;
  });
  return secret?.type === TOKEN_SECRET_TYPE ? tokenOf(secret, TOKEN_KEY) : undefined;
}

function tokenOf({ data }: { readonly data?: unknown }, key: string): string | undefined {
  const value = (data as Readonly<Record<string, string>> | undefined)?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8").trim();
}
