import type { KubeObject, Resource } from "../api/index.ts";
import { type Client, ConflictError } from "../client/index.ts";

/** How often a write names a version. Each further time means that somebody wrote between a read and the write right after it. */
const TRIES = 10;

/** Sentinel: the object did not exist before this write. */
export const NOTHING = "";

/**
 * The versions that a run's own writes made. A write that changes nothing is answered with the version that was there,
 * which is somebody else's; only a write that named the version it was made upon tells the two apart.
 */
export class OwnVersions {
  /** Made by this run beyond doubt. */
  readonly sure = new Set<string>();
  /** Answered to writes that named no version: made by this run, or found as they are. */
  readonly perhaps = new Set<string>();

  /** @param upon the version that the write named; undefined when it named none. */
  answered({ metadata: { resourceVersion = "" } }: KubeObject, upon: string | undefined): void {
    if (resourceVersion !== upon) (upon === undefined ? this.perhaps : this.sure).add(resourceVersion);
  }
}

/** What a write gave, and the version that it named. */
export interface Upon<T> {
  readonly object: T;
  readonly upon: string | undefined;
}

/**
 * Makes a write upon the version that is known, or upon the one that is there if that is another, and at last, where others write
 * all the time, upon any: it succeeds as one that names none would.
 */
export async function writeUpon<T>(
  known: string | undefined,
  write: (version: string | undefined) => Promise<T>,
  read: () => Promise<string | undefined>,
): Promise<Upon<T>> {
  let upon = known;
  for (let tries = 1; ; tries++) {
    try {
      return { object: await write(upon), upon };
    } catch (error) {
      if (!(error instanceof ConflictError) || upon === undefined) throw error;
      const live = await read();
      // Refused for something else than its version.
      if (live === upon) throw error;
      upon = tries < TRIES ? live : undefined;
    }
  }
}

/** The object, said to be of a version. */
export function ofVersion<T extends object>(object: T, resourceVersion: string | undefined): T {
  if (resourceVersion === undefined) return object;
  return { ...object, metadata: { ...(object as { readonly metadata?: object }).metadata, resourceVersion } };
}

export async function liveVersion(client: Client, resource: Resource, object: Parameters<Client["find"]>[1], signal: AbortSignal) {
  return (await client.find(resource, object, { metadataOnly: true, signal }))?.metadata.resourceVersion;
}
