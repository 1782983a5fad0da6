import { X509Certificate } from "node:crypto";
import type { Client } from "@outrigger/kit/client";
import { Secret } from "@outrigger/kit/kinds";
import { Bucket, type BucketOptions } from "../s3/index.ts";
import type { PodLogArchiveSpec } from "./resource.ts";

export type S3Spec = NonNullable<PodLogArchiveSpec["s3"]>;

/** The Secret of an archive cannot be used; the message says what to do. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
  readonly code = "ERR_LOG_CREDENTIALS";
}

/** What it takes to open the bucket of an archive. @throws CredentialsError; StatusError where the Secret may not be read. */
export async function bucketOptions(client: Client, namespace: string, s3: S3Spec): Promise<BucketOptions> {
  const { endpoint, region, bucket, addressing, credentialsSecret: name } = s3;
  const secret = await client.find(Secret, { namespace, name });
  if (!secret)
    throw new CredentialsError(`make Secret ${namespace}/${name} with the keys accessKeyId and secretAccessKey: it is not there`);
  const value = (key: string): string | undefined => {
    const encoded = secret.data?.[key];
    return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString("utf8").trim();
  };
  const needed = (key: string): string => {
    const found = value(key);
    if (!found) throw new CredentialsError(`Secret ${namespace}/${name} has no key ${key}, or an empty one`);
    return found;
  };
  const sessionToken = value("sessionToken");
  const ca = value("ca.crt");
  if (ca) checkCa(ca, `${namespace}/${name}`);
  return {
    endpoint,
    region,
    bucket,
    addressing,
    credentials: {
      accessKeyId: needed("accessKeyId"),
      secretAccessKey: needed("secretAccessKey"),
      ...(sessionToken ? { sessionToken } : {}),
    },
    ...(ca ? { ca } : {}),
  };
}

export async function openBucket(client: Client, namespace: string, s3: S3Spec): Promise<Bucket> {
  return new Bucket(await bucketOptions(client, namespace, s3));
}

function checkCa(ca: string, secret: string): void {
  try {
    new X509Certificate(ca);
  } catch {
    throw new CredentialsError(`ca.crt of Secret ${secret} is no certificate in PEM`);
  }
}
