import { expect, test } from "vitest";
import { refuse, startApiServer, until } from "../../test/api-server.ts";
import { ConfigMap } from "../kinds/index.ts";
import { ConnectionError, connect, ExpiredError } from "./index.ts";

test("a stream gives whole lines in order; while its reader is slow the server waits", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  const line = (n: number): string =>
    `${JSON.stringify({ type: "ADDED", object: { metadata: { name: `${n} ${"x".repeat(60_000)}` } } })}\n`;
  // 240 MB: no two ends of a connection hold that between them.
  let total = 4000;
  let written = 0;
  server.interceptions.push(({ url }, response) => {
    if (!url.searchParams.has("watch")) return false;
    const write = (): void => {
      while (written < total) if (!response.write(line(written++))) return void response.once("drain", write);
      response.end();
    };
    write();
    return true;
  });
  let seen = 0;
  for await (const event of client.watch(ConfigMap)) {
    expect((event as { object: { metadata: { name: string } } }).object.metadata.name.startsWith(`${seen} `)).toBe(true);
    if (++seen > 1) continue;
    // Nothing is read, so in the end nothing more is written, whatever else happens on the connection.
    let before = -1;
    let still = 0;
    await until(async () => {
      still = written === before ? still + 1 : 0;
      before = written;
      await client.request({ method: "GET", path: "/" }).catch(() => {});
      return still === 50;
    });
    expect(written).toBeLessThan(total);
    total = written + 100;
  }
  expect(seen).toBe(total);
  await client.close();
});

test("streams a watch: objects, bookmarks, then the server's end", async () => {
  await using server = await startApiServer();
  server.put("a");
  const client = connect({ text: server.kubeconfig() });
  const seen: string[] = [];
  const watching = (async () => {
    for await (const event of client.watch(ConfigMap, { namespace: "default", sendInitialEvents: true })) {
      seen.push(
        event.type === "BOOKMARK"
          ? `BOOKMARK ${event.initialEventsEnd}`
          : `${event.type} ${event.object.metadata.name} ${event.object.data?.["x"] ?? ""}`,
      );
    }
  })();
  await until(() => seen.length === 2);
  server.put("a", { data: { x: "größer".repeat(20_000) } });
  server.remove("a");
  server.bookmark();
  await until(() => seen.length === 5);
  server.endWatches();
  await watching;
  expect(seen).toEqual([
    "ADDED a ",
    "BOOKMARK true",
    `MODIFIED a ${"größer".repeat(20_000)}`,
    `DELETED a ${"größer".repeat(20_000)}`,
    "BOOKMARK false",
  ]);
  await client.close();
});

test("a watch of a version that is gone throws ExpiredError, as an answer and as an event", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  server.put("a");
  server.compact();
  await expect(Array.fromAsync(client.watch(ConfigMap, { resourceVersion: "1" }))).rejects.toBeInstanceOf(ExpiredError);
  server.interceptions.push((_, response) => {
    response.end(
      `${JSON.stringify({ type: "ERROR", object: { kind: "Status", status: "Failure", reason: "Expired", message: "too old", code: 410 } })}\n`,
    );
    return true;
  });
  await expect(Array.fromAsync(client.watch(ConfigMap, { resourceVersion: "1" }))).rejects.toBeInstanceOf(ExpiredError);
  await client.close();
});

test("a watch that breaks off is a ConnectionError, in the middle of a line too", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  for (const partial of [undefined, '{"type":"ADDED","obj', '{"type":"ADDED","obj\n']) {
    const watching = Array.fromAsync(client.watch(ConfigMap, { resourceVersion: server.version }));
    watching.catch(() => {});
    await until(() => server.watchers === 1);
    server.cutWatches(partial);
    await expect(watching).rejects.toBeInstanceOf(ConnectionError);
    await until(() => server.watchers === 0);
  }
  await client.close();
});

test("leaving a watch closes its connection; aborting ends it with the signal's reason", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  server.put("a");
  for await (const event of client.watch(ConfigMap)) {
    expect(event.type).toBe("ADDED");
    break;
  }
  await until(() => server.watchers === 0);
  const stop = new AbortController();
  const watching = Array.fromAsync(client.watch(ConfigMap, { signal: stop.signal }));
  await until(() => server.watchers === 1);
  stop.abort(new Error("enough"));
  await expect(watching).rejects.toThrow("enough");
  await expect(Array.fromAsync(client.watch(ConfigMap, { signal: stop.signal }))).rejects.toThrow("enough");
  await until(() => server.watchers === 0);
  await client.close();
});

test("a watch says that it is open when the server begins to answer, not while it asks to wait", async () => {
  await using server = await startApiServer();
  server.put("a");
  const order: string[] = [];
  server.interceptions.push((_, response) => {
    order.push("asked");
    if (order.length > 1) return false;
    refuse(response, 429, "TooManyRequests", "busy", { "retry-after": "1" });
    return true;
  });
  const client = connect({ text: server.kubeconfig() });
  for await (const event of client.watch(ConfigMap, { onOpen: () => void order.push("open") })) {
    order.push(event.type);
    break;
  }
  expect(order).toEqual(["asked", "asked", "open", "ADDED"]);
  await client.close();
});
