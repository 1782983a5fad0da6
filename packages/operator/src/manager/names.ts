/** On the webhook configuration for pods: the namespaces into whose pods the manager injects nothing, with commas between. */
export const EXCLUDED_ANNOTATION = "outrigger.dev/excluded-namespaces";
/** The Lease by which managers of one namespace agree who leads. */
export const LEASE = "outrigger-manager";
/** The Secrets of the webhooks' certificate and of its authorities. */
export const SECRETS = ["outrigger-webhook-tls", "outrigger-webhook-ca"] as const;
/** On the webhook configuration for pods: `true` where Istio's labels choose pods for templates as well. */
export const ISTIO_ANNOTATION = "outrigger.dev/istio-labels";
