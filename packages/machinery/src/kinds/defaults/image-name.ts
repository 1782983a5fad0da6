// Names of container images as Kubernetes reads them (github.com/distribution/reference): what is no such name has no tag.

const HOST = /^(?:\[[a-fA-F0-9:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]+)?$/;
const PART = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const LONGEST = 255;

/** The tag of an image: `latest` where neither a tag nor a digest is named, nothing where the name cannot be read. */
export function imageTag(image: string): string | undefined {
  const [named = "", digest, ...more] = image.split("@");
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return undefined;
  const slash = named.lastIndexOf("/");
  const colon = named.indexOf(":", slash + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  if (!isName(colon < 0 ? named : named.slice(0, colon))) return undefined;
  return tag ?? (digest === undefined ? "latest" : "");
}

/** `host/path/of/parts`; without a host where the first part does not look like one. */
function isName(name: string): boolean {
  // A bare image id is no name.
  if (name === "" || name.length > LONGEST || /^[a-f0-9]{64}$/.test(name)) return false;
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  return (!hasHost || HOST.test(first)) && (hasHost ? rest : [first, ...rest]).every((part) => PART.test(part));
}
