import { setTimeout as wait } from "node:timers/promises";
import type { Resource } from "../api/index.ts";
import type { Client } from "../client/index.ts";
import { CustomResourceDefinition } from "../kinds/index.ts";

/** A kind that can say how it is defined: what `defineResource` gives. */
export interface Defined extends Pick<Resource, "apiVersion" | "kind"> {
  crd(): { readonly metadata: { readonly name: string } };
}

/** How `installDefinitions` waits. */
export interface InstallOptions {
  /** Default `outrigger`. */
  readonly fieldManager?: string;
  /** How long the API server may take to serve them, milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A definition was applied and is not served; the message has the API server's reason. */
export class DefinitionError extends Error {
  override readonly name = "DefinitionError";
  readonly code = "ERR_DEFINITION";
}

/**
 * Applies the definitions of these kinds and resolves when the API server serves them. For development and tests; in
 * production whoever installs the operator installs its definitions, so that it needs no right to.
 *
 * @throws InvalidError when the API server refuses a definition, DefinitionError when it does not serve it in time.
 */
export async function installDefinitions(client: Client, kinds: readonly Defined[], options: InstallOptions = {}): Promise<void> {
  const { fieldManager = "outrigger", timeoutMs = 30_000, signal } = options;
  const request = signal ? { signal } : {};
  const deadline = performance.now() + timeoutMs;
  for (const kind of kinds) await client.apply(CustomResourceDefinition, kind.crd() as never, { fieldManager, force: true, ...request });
  for (const kind of kinds) {
    const { name } = kind.crd().metadata;
    for (;;) {
      const { status } = await client.get(CustomResourceDefinition, { name }, request);
      const is = (type: string, value: string) => status?.conditions?.find((one) => one.type === type && one.status === value);
      if (is("Established", "True") && (await serves(client, kind, request))) break;
      const refused = is("NamesAccepted", "False");
      if (refused || performance.now() > deadline)
        throw new DefinitionError(`${name} is not served: ${refused?.message ?? `not established within ${timeoutMs / 1000} s`}`);
      await wait(20, undefined, request);
    }
  }
}

/** A definition is established a moment before each path of it answers. */
async function serves(client: Client, { apiVersion, kind }: Defined, request: { readonly signal?: AbortSignal }): Promise<boolean> {
  try {
    const { resources = [] } = (await client.request({ method: "GET", path: `/apis/${apiVersion}`, ...request })) as {
      readonly resources?: readonly { readonly kind: string }[];
    };
    return resources.some((one) => one.kind === kind);
  } catch (error) {
    if ((error as { readonly code?: string }).code === "ERR_NOT_FOUND") return false;
    throw error;
  }
}
