import { Buffer } from "node:buffer";

export interface KubeconfigFacts {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly admin: { readonly certificate: string; readonly key: string };
  readonly aliceToken: string;
}

/** By this name a kubeconfig is known as a devcluster's. */
export const CLUSTER_NAME = "devcluster";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A kubeconfig with an administrator and somebody who may do what roles give her; the administrator is current. */
export function kubeconfigText({ url, ca, admin, aliceToken }: KubeconfigFacts): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: ${CLUSTER_NAME}
  cluster:
    server: ${url}
    certificate-authority-data: ${base64(ca)}
contexts:
- name: admin
  context:
    cluster: ${CLUSTER_NAME}
    user: admin
- name: alice
  context:
    cluster: ${CLUSTER_NAME}
    user: alice
current-context: admin
users:
- name: admin
  user:
    client-certificate-data: ${base64(admin.certificate)}
    client-key-data: ${base64(admin.key)}
- name: alice
  user:
    token: ${aliceToken}
`;
}
