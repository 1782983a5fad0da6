import type { KubeObject } from "@outrigger/kit/api";
import { immutable, same } from "./comparison.ts";
import { type Fields, flag, object, text, textEntries } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { configKeyProblems } from "./formats.ts";

/** All data of a ConfigMap or Secret together, in bytes. */
const MAX_SIZE = 1024 * 1024;

export function findInConfigMap(found: Findings, map: KubeObject): void {
  const binary = object(map, "binaryData");
  let size = 0;
  for (const [key, value] of textEntries(map, "data")) {
    found.invalidEach(`data[${key}]`, key, configKeyProblems(key));
    if (binary && Object.hasOwn(binary, key)) found.invalid(`data[${key}]`, key, "duplicate of key present in binaryData");
    size += Buffer.byteLength(value);
  }
  for (const [key, value] of textEntries(map, "binaryData")) {
    found.invalidEach(`binaryData[${key}]`, key, configKeyProblems(key));
    size += Buffer.byteLength(value, "base64");
  }
  if (size > MAX_SIZE) found.tooLong("[]", MAX_SIZE);
}

export function findInConfigMapUpdate(found: Findings, map: KubeObject, old: KubeObject): void {
  findInFrozen(found, map, old, ["data", "binaryData"]);
}

export function findInSecretUpdate(found: Findings, secret: KubeObject, old: KubeObject): void {
  immutable(found, text(secret, "type"), text(old, "type"), "type");
  findInFrozen(found, secret, old, ["data"]);
}

function findInFrozen(found: Findings, holder: KubeObject, old: KubeObject, fields: readonly string[]): void {
  if (flag(old, "immutable") !== true) return;
  const problem = "field is immutable when `immutable` is set";
  if (flag(holder, "immutable") !== true) found.forbidden("immutable", problem);
  for (const field of fields) if (!same(holder[field], old[field])) found.forbidden(field, problem);
}

/** The keys that a type of Secret must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};
const SERVICE_ACCOUNT = "kubernetes.io/service-account.name";

export function findInSecret(found: Findings, secret: KubeObject): void {
  const data = object(secret, "data");
  const type = text(secret, "type");
  let size = 0;
  for (const [key, value] of textEntries(secret, "data")) {
    found.invalidEach(`data[${key}]`, key, configKeyProblems(key));
    size += Buffer.byteLength(value, "base64");
  }
  if (size > MAX_SIZE) found.tooLong("data", MAX_SIZE);
  if (type === "kubernetes.io/service-account-token" && !secret.metadata.annotations?.[SERVICE_ACCOUNT]) {
    found.required(`metadata.annotations[${SERVICE_ACCOUNT}]`);
  }
  if (type === "kubernetes.io/basic-auth" && data?.["username"] === undefined && data?.["password"] === undefined) {
    found.required("data[username]");
    found.required("data[password]");
  }
  for (const key of REQUIRED_KEYS[type] ?? []) {
    if (data?.[key] === undefined || (key === "ssh-privatekey" && data[key] === "")) found.required(`data[${key}]`);
    else if (key.startsWith(".")) findInDockerConfig(found, data, key);
  }
}

function findInDockerConfig(found: Findings, data: Fields, key: string): void {
  try {
    JSON.parse(Buffer.from(text(data, key), "base64").toString());
  } catch (error) {
    found.invalid(`data[${key}]`, "<secret contents redacted>", (error as Error).message);
  }
}
