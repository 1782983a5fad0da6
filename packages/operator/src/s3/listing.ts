export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  readonly modified: string;
}
/** One page of a ListObjectsV2 answer. */
export interface Listing {
  readonly objects: readonly ListedObject[];
  /** What stands before the delimiter, where one was asked for. */
  readonly prefixes: readonly string[];
  readonly next: string | undefined;
}

/** Reads the XML of ListObjectsV2: a flat document of known elements, without attributes that matter. */
export function parseListing(xml: string): Listing {
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, one = ""]) => ({
    key: element(one, "Key"),
    bytes: Number(element(one, "Size")),
    modified: element(one, "LastModified"),
  }));
  const prefixes = [...xml.matchAll(/<CommonPrefixes>(.*?)<\/CommonPrefixes>/gs)].map(([, one = ""]) => element(one, "Prefix"));
  const token = element(xml, "NextContinuationToken");
  return { objects, prefixes, next: element(xml, "IsTruncated") === "true" && token !== "" ? token : undefined };
}

function element(xml: string, name: string): string {
  return decoded(new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "");
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Text of an XML element without its escapes. */
export function decoded(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}
