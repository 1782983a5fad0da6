/** Whether an image reference names its content: `app@sha256:…`. */
export function isDigest(image: string): boolean {
  return image.includes("@");
}

/**
 * Whether a container's status reports that it runs this image: the reference itself, as a runtime completes it
 * (`busybox:1` becomes `docker.io/library/busybox:1`), or for a digest the same digest in the image's id.
 */
export function runsImage(image: string, status: { readonly image: string; readonly imageID: string }): boolean {
  if (isDigest(image)) return status.imageID.endsWith(image.slice(image.lastIndexOf("@"))) || complete(status.image) === complete(image);
  return complete(status.image) === complete(image);
}

/** With registry, repository and tag as container runtimes write them. Source: github.com/distribution/reference. */
function complete(image: string): string {
  const slash = image.indexOf("/");
  const first = slash < 0 ? "" : image.slice(0, slash);
  const hasRegistry = first.includes(".") || first.includes(":") || first === "localhost";
  const name = hasRegistry ? image : slash < 0 ? `docker.io/library/${image}` : `docker.io/${image}`;
  const tail = name.slice(name.lastIndexOf("/"));
  return tail.includes(":") || tail.includes("@") ? name : `${name}:latest`;
}
