import { posix } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ConfigurationError } from "./error.ts";

/** A ConfigMap whose one file a pod reads. */
export interface ConfigurationMount {
  /** Names the volume `config-<name>` and the variable `CONFIG_PATH_<NAME>`: lower-case letters, digits and `-`. */
  readonly name: string;
  /** Name of the ConfigMap. Default: `name`. */
  readonly configMap?: string;
  /** Key in the ConfigMap. Default: `file`. */
  readonly key?: string;
  /** Name of the file in the pod. Default `<name>.json`. */
  readonly file?: string;
  /** Folder of this ConfigMap alone, absolute. Default `/etc/config/<name>`. */
  readonly folder?: string;
  /** Names of the containers that read it. Default: all, init containers too. */
  readonly containers?: readonly string[];
  /** The pod starts also where the ConfigMap or the key is not there. */
  readonly optional?: boolean;
}

interface Container {
  readonly name: string;
  readonly env?: readonly { readonly name: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}
interface PodTemplate {
  readonly spec?: {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly volumes?: readonly { readonly name: string }[];
  };
}

/** `legacy-cm` is `CONFIG_PATH_LEGACY_CM`. */
export function configurationVariable(name: string): string {
  return `CONFIG_PATH_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
}

/**
 * A pod template whose containers read these ConfigMaps: volume, mount and the variable with the file's path, for each. Doing it twice
 * changes nothing. Changes nothing that it is given.
 *
 * @throws ConfigurationError where two would be mounted at one path or one below the other, which hides files or keeps the container
 *   from starting, where a name is not free, or where a container is not there
 */
export function withConfiguration<T extends PodTemplate>(template: T, mounts: readonly ConfigurationMount[]): T {
  return mounts.reduce((result, mount) => withOne(result, mount), template);
}

function withOne<T extends PodTemplate>(template: T, mount: ConfigurationMount): T {
  const { name, file = `${name}.json`, configMap = name, key = file, containers, optional } = mount;
  const refuse = (message: string): never => {
    throw new ConfigurationError([{ source: `configuration ${name}`, message }]);
  };
  const { spec } = template;
  if (!spec) return refuse("the pod template has no spec");
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) || name.length > 56)
    refuse("the name must have at most 56 lower-case letters, digits and -, with a letter or digit at both ends");
  const folder = posix.normalize(mount.folder ?? `/etc/config/${name}`).replace(/(.)\/$/, "$1");
  if (!folder.startsWith("/") || folder === "/") refuse(`the folder ${JSON.stringify(mount.folder)} must be absolute, and not the root`);
  if (file.includes("..") || file.startsWith("/") || file === "") refuse(`the file ${JSON.stringify(file)} must be a path in the folder`);
  const volume = {
    name: `config-${name}`,
    configMap: { name: configMap, items: [{ key, path: file }], ...(optional === undefined ? {} : { optional }) },
  };
  const sameVolume = spec.volumes?.find((one) => one.name === volume.name);
  if (sameVolume && !isDeepStrictEqual(sameVolume, volume)) refuse(`the pod has another volume ${volume.name}`);
  const missing = containers?.find(
    (one) => ![...spec.containers, ...(spec.initContainers ?? [])].some((container) => container.name === one),
  );
  if (missing !== undefined) refuse(`there is no container ${missing}`);

  const volumeMount = { name: volume.name, mountPath: folder, readOnly: true };
  const variable = { name: configurationVariable(name), value: posix.join(folder, file) };
  const filled = (container: Container): Container => {
    if (containers && !containers.includes(container.name)) return container;
    const { env = [], volumeMounts = [] } = container;
    const hasMount = volumeMounts.some((one) => isDeepStrictEqual(one, volumeMount));
    if (!hasMount)
      for (const other of volumeMounts) {
        const path = posix.normalize(other.mountPath).replace(/(.)\/$/, "$1");
        if (path === folder)
          refuse(`container ${container.name} has ${other.name} mounted at ${folder} already: give each a folder of its own`);
        if (other.name.startsWith("config-") && (path.startsWith(`${folder}/`) || folder.startsWith(`${path}/`)))
          refuse(`container ${container.name} has ${other.name} mounted at ${path}: one configuration below another cannot be mounted`);
      }
    const own = env.find((one) => one.name === variable.name);
    if (own && !isDeepStrictEqual(own, variable)) refuse(`container ${container.name} has another variable ${variable.name}`);
    return {
      ...container,
      env: own ? env : [...env, variable],
      volumeMounts: hasMount ? volumeMounts : [...volumeMounts, volumeMount],
    };
  };
  const { initContainers, volumes = [] } = spec;
  return {
    ...template,
    spec: {
      ...spec,
      volumes: sameVolume ? volumes : [...volumes, volume],
      containers: spec.containers.map(filled),
      ...(initContainers ? { initContainers: initContainers.map(filled) } : {}),
    },
  };
}
