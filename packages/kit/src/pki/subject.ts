import { type DerElement, oid, readElement, readElements, readOid, sequence, set, utf8String } from "./der.ts";

const COMMON_NAME = "2.5.4.3";
const ORGANIZATION = "2.5.4.10";

/** Whom a certificate is for. In a Kubernetes client certificate `commonName` is the user and `organizations` are the groups. */
export interface Subject {
  readonly commonName?: string;
  readonly organizations?: readonly string[];
}

/** The DER of a distinguished name: organizations before the common name, as Go writes it. */
export function encodeSubject(subject: Subject): Buffer {
  const attribute = (type: string, value: string): Buffer => set(sequence(oid(type), utf8String(value)));
  return sequence(
    ...(subject.organizations ?? []).map((organization) => attribute(ORGANIZATION, organization)),
    ...(subject.commonName === undefined ? [] : [attribute(COMMON_NAME, subject.commonName)]),
  );
}

/** Reads a distinguished name; attributes other than common name and organization are left out. */
export function decodeSubject(name: DerElement): Required<Pick<Subject, "organizations">> & Subject {
  const organizations: string[] = [];
  let commonName: string | undefined;
  for (const relative of readElements(name.content)) {
    for (const attribute of readElements(relative.content)) {
      const type = readElement(attribute.content);
      const value = readElement(attribute.content, type.raw.length).content.toString("utf8");
      if (readOid(type.content) === COMMON_NAME) commonName = value;
      if (readOid(type.content) === ORGANIZATION) organizations.push(value);
    }
  }
  return commonName === undefined ? { organizations } : { commonName, organizations };
}
