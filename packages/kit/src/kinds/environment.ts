// Variables that an operator hands on to the pods that it makes.

/** A variable of a container, literal or from elsewhere. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
}
/** Which of the manager's own variables are taken, and under which names. */
export interface FromManagerOptions {
  /** Also `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` as far as they are set, each in both cases: programs disagree about it. */
  readonly proxies?: boolean;
  /** Default: that of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/**
 * Variables of the operator's own process, to be handed on.
 *
 * @throws RangeError that names those that are not set or empty: a pod must not get an empty value by an oversight.
 */
export function fromManager(
  names: readonly string[],
  { proxies = false, environment = process.env }: FromManagerOptions = {},
): EnvironmentVariable[] {
  const missing = names.filter((name) => !environment[name]);
  if (missing.length > 0)
    throw new RangeError(
      `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set: give the operator's own Deployment ${missing.length === 1 ? "this variable" : "these variables"}`,
    );
  const set = names.map((name) => ({ name, value: environment[name] ?? "" }));
  if (!proxies) return set;
  return [
    ...set,
    ...PROXIES.flatMap((name) => {
      const value = environment[name] || environment[name.toLowerCase()];
      return value ? [name, name.toLowerCase()].map((one) => ({ name: one, value })) : [];
    }),
  ];
}

interface Container {
  readonly name?: string;
  readonly env?: readonly { readonly name: string }[];
}
interface PodTemplate {
  readonly spec?: { readonly containers: readonly Container[]; readonly initContainers?: readonly Container[] };
}

/** A pod template whose containers have these variables; a variable that a container has already keeps its own value. Changes nothing that it is given. */
export function withEnvironment<T extends PodTemplate>(template: T, variables: readonly EnvironmentVariable[]): T {
  const { spec } = template;
  if (!spec) return template;
  const filled = (container: Container): Container => {
    const own = container.env ?? [];
    const names = new Set(own.map(({ name }) => name));
    return { ...container, env: [...own, ...variables.filter(({ name }) => !names.has(name))] };
  };
  const { initContainers } = spec;
  return {
    ...template,
    spec: { ...spec, containers: spec.containers.map(filled), ...(initContainers ? { initContainers: initContainers.map(filled) } : {}) },
  };
}
