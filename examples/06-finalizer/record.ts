import { controller, defineResource, t } from "@outrigger/kit";

/** A name in the DNS, which an outside provider keeps. */
export const Record = defineResource({
  group: "dns.example.com",
  version: "v1",
  kind: "Record",
  spec: t.Object({ address: t.String({ format: "ipv4" }) }),
  status: t.Object({ address: t.String({ description: "what the provider has" }) }),
  columns: [
    { name: "Address", jsonPath: ".spec.address" },
    { name: "Provider has", jsonPath: ".status.address" },
  ],
});

/**
 * `cleanup` adds the finalizer before the first reconcile, so that nothing is made outside that nobody takes away, and removes
 * it after the cleanup succeeded. A cleanup that throws is tried again, later and later; the object stays until then.
 */
export const records = (provider: string) =>
  controller(Record)
    .cleanup(async ({ metadata }, ctx) => {
      await call("DELETE", `${provider}/${metadata.name}`, undefined, ctx.signal);
    })
    .reconcile(async ({ metadata, spec }, ctx) => {
      await call("PUT", `${provider}/${metadata.name}`, spec.address, ctx.signal);
      await ctx.status({ address: spec.address });
    });

/** Both calls may come twice: a PUT of the same and a DELETE of nothing change nothing. */
async function call(method: string, url: string, body: string | undefined, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { method, signal, ...(body === undefined ? {} : { body }) });
  if (!response.ok) throw new Error(`${method} ${url}: HTTP ${response.status}: ${await response.text()}`);
}
