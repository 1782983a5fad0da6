import { expect, test } from "vitest";
import { type ApiServer, startApiServer } from "../../test/api-server.ts";
import { connect } from "../client/index.ts";
import { silentLog } from "../controller/index.ts";
import { type LeaderElectionOptions, LeaderElector } from "./index.ts";

/** A candidate for the lease `m`, whose client is closed when the test ends. */
function candidate(server: ApiServer, times: LeaderElectionOptions = {}): { readonly elector: LeaderElector } & AsyncDisposable {
  const client = connect({ text: server.kubeconfig() });
  const options = { name: "m", namespace: "default", identity: "me", ...times };
  return { elector: new LeaderElector({ client, log: silentLog, options }), [Symbol.asyncDispose]: () => client.close() };
}
const lease = (server: ApiServer): unknown => server.get("m", "leases")?.["spec"];

test("a lease is given back also when a renewal's answer was not waited for", async () => {
  await using server = await startApiServer();
  await using one = candidate(server);
  await one.elector.acquire(new AbortController().signal);
  // As the server has it after a renewal: the same holder at a later version.
  server.put("m", { spec: lease(server) }, "default", "leases");
  await one.elector.release();
  expect(lease(server)).toMatchObject({ holderIdentity: "" });
});

test.each(["POST", "PUT"])("a lease is given back also when the answer to the %s that took it was not waited for", async (method) => {
  await using server = await startApiServer();
  if (method === "PUT") server.put("m", { spec: { holderIdentity: "", leaseDurationSeconds: 1 } }, "default", "leases");
  const stop = new AbortController();
  let answered = false;
  server.interceptions.push((request) => {
    if (answered || request.method !== method) return false;
    answered = true;
    server.put("m", JSON.parse(request.body) as object, "default", "leases");
    stop.abort();
    return true;
  });
  await using one = candidate(server);
  await expect(one.elector.acquire(stop.signal)).rejects.toThrow("aborted");
  expect(lease(server)).toMatchObject({ holderIdentity: "me" });
  await one.elector.release();
  expect(lease(server)).toMatchObject({ holderIdentity: "" });
});

test("whoever only waited, or was refused, leaves the lease alone when it stops", async () => {
  await using server = await startApiServer();
  const theirs = { holderIdentity: "other", leaseDurationSeconds: 60 };
  const stop = new AbortController();
  server.interceptions.push(({ method }) => {
    // Somebody else was quicker.
    if (method === "POST") server.put("m", { spec: theirs }, "default", "leases");
    else if (server.get("m", "leases")) stop.abort();
    return false;
  });
  await using one = candidate(server, { leaseDurationMs: 60_000, renewDeadlineMs: 30_000, retryPeriodMs: 5 });
  await expect(one.elector.acquire(stop.signal)).rejects.toThrow("aborted");
  const seen = server.requests.length;
  await one.elector.release();
  expect(lease(server)).toEqual(theirs);
  expect(server.requests).toHaveLength(seen);
});

test("a lease that nobody renews is taken, however often its annotations change", async () => {
  await using server = await startApiServer();
  const spec = { holderIdentity: "dead", leaseDurationSeconds: 1, renewTime: "2000-01-01T00:00:00.000000Z", leaseTransitions: 4 };
  let reads = 0;
  server.interceptions.push(({ method }) => {
    if (method === "GET") server.put("m", { metadata: { annotations: { reads: String(++reads) } }, spec }, "default", "leases");
    return false;
  });
  await using one = candidate(server, { leaseDurationMs: 60_000, renewDeadlineMs: 30_000, retryPeriodMs: 50 });
  await one.elector.acquire(new AbortController().signal);
  expect(lease(server)).toMatchObject({ holderIdentity: "me", leaseTransitions: 5 });
});
