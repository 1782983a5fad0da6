import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { KubeObject, Status } from "../api/index.ts";
import {
  type Client,
  ConnectionError,
  dynamicResource,
  type ListOptions,
  StatusError,
  type WatchEvent,
  type WatchOptions,
} from "../client/index.ts";
import { Reflector, type ReflectorOptions, type ReflectorSink } from "./reflector.ts";

// Times are what is tested here, so the clock is turned by hand and the server is a script.
beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const Lease = dynamicResource("coordination.k8s.io/v1", "Lease", "leases", "Namespaced");
const object = (name: string, version: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Lease",
  metadata: { name, namespace: "a", uid: name, resourceVersion: version },
});
const added = (name: string, version: string): WatchEvent<never> => ({ type: "ADDED", object: object(name, version) as never });
const modified = (name: string, version: string): WatchEvent<never> => ({ type: "MODIFIED", object: object(name, version) as never });
const bookmark = (version: string, initialEventsEnd = false): WatchEvent<never> => ({
  type: "BOOKMARK",
  resourceVersion: version,
  initialEventsEnd,
});
const refusal = (code: number, reason: string): StatusError =>
  StatusError.from({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason, code } satisfies Status);
/** Seconds of silence. */
type Pause = number;
/** Seconds until the server begins to answer, where that is not at once. */
type Away = { readonly away: number };
type Stream = readonly (WatchEvent<never> | Pause | Away | Error)[];
type Page = { readonly items: readonly KubeObject[]; readonly resourceVersion: string; readonly continue?: string } | Error;

interface Request {
  /** Seconds since the start. */
  readonly at: number;
  readonly what: "watch" | "WatchList" | "list";
  readonly version: string;
  readonly limit?: number | undefined;
}

/** A server that answers by a script: each watch plays the next stream and then stays silent, each page is the next one. */
function start(script: { streams?: readonly Stream[]; pages?: readonly Page[] }, options: Partial<ReflectorOptions> = {}) {
  const began = performance.now();
  const requests: Request[] = [];
  const streams = [...(script.streams ?? [])];
  const pages = [...(script.pages ?? [])];
  const seen: string[] = [];
  const note = (what: Request["what"], { resourceVersion = "", limit }: ListOptions): void =>
    void requests.push({
      at: Math.round((performance.now() - began) / 100) / 10,
      what,
      version: resourceVersion,
      ...(what === "list" ? { limit } : {}),
    });
  const silence = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
  const page = (request: ListOptions): Exclude<Page, Error> => {
    note("list", request);
    const next = pages.shift() ?? new ConnectionError("no more pages", "SCRIPT");
    if (next instanceof Error) throw next;
    return next;
  };
  const client = {
    async *watch(_: unknown, request: WatchOptions) {
      note(request.sendInitialEvents ? "WatchList" : "watch", request);
      for (const step of streams.shift() ?? []) {
        if (step instanceof Error) throw step;
        if (typeof step !== "number" && "away" in step) {
          await silence(step.away * 1000, request.signal);
          continue;
        }
        request.onOpen?.();
        if (typeof step === "number") await silence(step * 1000, request.signal);
        else yield step;
      }
      request.onOpen?.();
      await silence(3_600_000, request.signal);
    },
    list: async (_: unknown, request: ListOptions) => page(request),
    async *pages(_: unknown, request: ListOptions) {
      for (let next = page(request); ; next = page({ ...request, continue: next.continue! })) {
        yield next;
        if (!next.continue) return;
      }
    },
  } as unknown as Client;
  const say = (what: string) => (one: KubeObject) => void seen.push(`${what} ${one.metadata.name}@${one.metadata.resourceVersion}`);
  const sink: ReflectorSink & { hold: Promise<void> | undefined } = {
    hold: undefined,
    prepare: (one) => one,
    replace: (objects, version) => void seen.push(`replace ${objects.length} @${version}`),
    set: say("set"),
    delete: say("delete"),
    bookmark: (version) => void seen.push(`bookmark ${version}`),
    room: () => sink.hold,
  };
  const stop = new AbortController();
  const errors: unknown[] = [];
  const running = new Reflector(client, Lease, sink, { watchList: true, onError: (error) => errors.push(error), ...options }).run(
    stop.signal,
  );
  return {
    requests,
    seen,
    errors,
    sink,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
const seconds = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 1000);

describe("a reflector", () => {
  test("tries again after 0.8 s, then after twice as long each time, up to 30 s, and goes on where it was", async () => {
    const away = new ConnectionError("refused", "ECONNREFUSED");
    await using running = start({ streams: [[bookmark("7", true), away], ...Array.from({ length: 9 }, () => [away])] });
    await seconds(150);
    expect(running.requests.map(({ at }) => at)).toEqual([0, 0.8, 2.4, 5.6, 12, 24.8, 50.4, 80.4, 110.4, 140.4]);
    expect(running.requests.slice(1).every(({ what, version }) => what === "watch" && version === "7")).toBe(true);
    expect(running.seen).toEqual(["replace 0 @7"]);
  });

  test("waits up to twice as long, by chance, so that many clients do not come back at once", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.75);
    await using running = start({ streams: [[new ConnectionError("refused", "ECONNREFUSED")]] });
    await seconds(3);
    expect(running.requests.map(({ at }) => at)).toEqual([0, 1.4]);
  });

  test("waits 0.8 s again after two minutes without a failure", async () => {
    const cut = new ConnectionError("cut", "ECONNRESET");
    await using running = start({ streams: [[bookmark("7", true), cut], [cut], [cut], [130, cut], [60, cut]] });
    await seconds(300);
    expect(running.requests.map(({ at }) => at)).toEqual([0, 0.8, 2.4, 5.6, 136.4, 198]);
  });

  test("takes a version that is gone as reason for a list of the most recent state at once, but does not spin when that is refused too", async () => {
    const gone = refusal(410, "Expired");
    await using running = start({ streams: [[bookmark("7", true), 5, gone], [gone], [bookmark("9", true)]] });
    await seconds(10);
    expect(running.requests).toEqual([
      { at: 0, what: "WatchList", version: "" },
      { at: 5, what: "WatchList", version: "" },
      { at: 5.8, what: "WatchList", version: "" },
    ]);
  });

  test("lists at the last version it has seen after a failure of the server, by WatchList", async () => {
    await using running = start({ streams: [[bookmark("7", true), added("x", "8"), refusal(500, "InternalError")]] });
    await seconds(2);
    expect(running.requests).toEqual([
      { at: 0, what: "WatchList", version: "" },
      { at: 0.8, what: "WatchList", version: "8" },
    ]);
  });

  test("swaps what a WatchList brings in as a whole, at its end, and not before", async () => {
    await using running = start({
      streams: [[added("x", "3"), added("y", "4"), 5, modified("x", "8"), bookmark("8", true), modified("y", "9")]],
    });
    await seconds(4);
    expect(running.seen).toEqual([]);
    await seconds(4);
    expect(running.seen).toEqual(["replace 2 @8", "set y@9"]);
  });

  test("asks for no WatchList again where the server refuses it, but does after a bad moment of the server", async () => {
    const page = { items: [object("x", "3")], resourceVersion: "7" };
    const failed = refusal(500, "InternalError");
    await using unsteady = start({ streams: [[failed], [failed]], pages: [page] });
    await seconds(2);
    expect(unsteady.requests.map(({ what }) => what)).toEqual(["WatchList", "list", "watch", "WatchList"]);
    await using old = start({ streams: [[refusal(422, "Invalid")], [failed]], pages: [page, page] });
    await seconds(2);
    expect(old.requests.map(({ what }) => what)).toEqual(["WatchList", "list", "watch", "list", "watch"]);
  });

  test("gives a WatchList up that is silent for 10 s before its end", async () => {
    const page = { items: [], resourceVersion: "7" };
    await using running = start({ streams: [[added("x", "3")]], pages: [page] });
    await seconds(11);
    expect(running.requests.map(({ at, what }) => `${what} ${at}`)).toEqual(["WatchList 0", "list 10", "watch 10"]);
  });

  test("takes neither the way to the server nor a wait that it asked for as silence of a WatchList", async () => {
    await using running = start({ streams: [[{ away: 40 }, 5, bookmark("7", true)]] });
    await seconds(60);
    expect(running.requests.map(({ what }) => what)).toEqual(["WatchList"]);
    expect(running.seen).toEqual(["replace 0 @7"]);
  });

  test("asks for no WatchList again after two in a row that were silent, but does where the network failed in between", async () => {
    const page = { items: [], resourceVersion: "7" };
    const away = new ConnectionError("no way", "UND_ERR_CONNECT_TIMEOUT");
    const failed = refusal(500, "InternalError");
    await using old = start({ streams: [[], [failed], [], [failed]], pages: [page, page, page] });
    await seconds(30);
    const before = ["WatchList", "list", "watch", "WatchList", "list", "watch"];
    expect(old.requests.map(({ what }) => what)).toEqual([...before, "list", "watch"]);
    await using cut = start({ streams: [[], [{ away: 10 }, away], [], [failed], [bookmark("9", true)]], pages: [away, page] });
    await seconds(60);
    expect(cut.requests.map(({ what }) => what)).toEqual(["WatchList", "list", "WatchList", "WatchList", "list", "watch", "WatchList"]);
  });

  test("lists where a WatchList is not answered at all, and asks for one again", async () => {
    const page = { items: [], resourceVersion: "7" };
    const late = new ConnectionError("no headers", "UND_ERR_HEADERS_TIMEOUT");
    await using running = start({ streams: [[{ away: 60 }, late], [refusal(500, "InternalError")]], pages: [page] });
    await seconds(65);
    expect(running.requests.map(({ at, what }) => `${what} ${at}`)).toEqual(["WatchList 0", "list 60", "watch 60", "WatchList 60.8"]);
    expect(running.errors).toEqual([late, refusal(500, "InternalError")]);
  });

  test("gives a WatchList up that goes on with changes for 10 s and does not say its end", async () => {
    const page = { items: [], resourceVersion: "7" };
    const busy = Array.from({ length: 40 }, (_, index) => [1, modified("x", String(4 + index))] as const).flat();
    await using running = start({ streams: [[added("x", "3"), ...busy]], pages: [page] });
    await seconds(12);
    expect(running.requests.map(({ at, what }) => `${what} ${at}`)).toEqual(["WatchList 0", "list 11", "watch 11"]);
  });

  test("waits for a long list by WatchList as long as it comes", async () => {
    const slow = Array.from({ length: 60 }, (_, index) => [1, added(`x${index}`, String(index + 1))] as const).flat();
    await using running = start({ streams: [[...slow, bookmark("60", true)]] });
    await seconds(61);
    expect(running.seen).toEqual(["replace 60 @60"]);
  });

  test("leaves a quiet watch alone where the server sends no bookmarks", async () => {
    await using running = start({ streams: [[bookmark("7", true)]] });
    await seconds(325);
    expect(running.requests).toHaveLength(1);
  });

  test("takes a silent watch for dead after three minutes, where the server used to send bookmarks, and resumes it", async () => {
    await using running = start({ streams: [[bookmark("7", true), 50, bookmark("8")]] });
    await seconds(229);
    expect(running.requests).toHaveLength(1);
    await seconds(2);
    expect(running.requests[1]).toEqual({ at: 230, what: "watch", version: "8" });
    expect(running.errors).toEqual([]);
  });

  test("does not take the way to the server for time between bookmarks", async () => {
    await using running = start({ streams: [[{ away: 100 }, bookmark("7", true), 50, bookmark("8")]] });
    await seconds(335);
    expect(running.requests[1]).toEqual({ at: 330, what: "watch", version: "8" });
  });

  test("does not take a watch for dead whose bookmarks come seldom", async () => {
    await using running = start({ streams: [[bookmark("7", true), 100, bookmark("8")]] });
    await seconds(320);
    expect(running.requests).toHaveLength(1);
  });

  test("ends a watch that goes on past its own end", async () => {
    await using running = start({ streams: [[bookmark("7", true)]] });
    await seconds(331);
    expect(running.requests[1]).toEqual({ at: 330, what: "watch", version: "7" });
  });

  test("ends a watch that is not answered by its end", async () => {
    const cut = new ConnectionError("cut", "ECONNRESET");
    await using running = start({ streams: [[bookmark("7", true), cut], [{ away: 1000 }]] });
    await seconds(335);
    expect(running.requests.map(({ at, what }) => `${what} ${at}`)).toEqual(["WatchList 0", "watch 0.8", "watch 331.6"]);
    expect(running.errors).toMatchObject([cut, { reason: "NO_ANSWER" }]);
  });

  test("reads nothing while a consumer is too far behind, and does not take that for the server's silence", async () => {
    await using running = start({ streams: [[bookmark("7", true), 1, bookmark("8"), 1, modified("x", "9"), modified("x", "10")]] });
    await seconds(1.5);
    const room = Promise.withResolvers<void>();
    running.sink.hold = room.promise;
    await seconds(250);
    expect(running.seen).toEqual(["replace 0 @7", "bookmark 8", "set x@9"]);
    expect(running.requests).toHaveLength(1);
    running.sink.hold = undefined;
    room.resolve();
    await seconds(0);
    expect(running.seen.at(-1)).toBe("set x@10");
  });

  test("lists at the last version in one piece, and a large store in pages at the most recent", async () => {
    const page = { items: [object("x", "3")], resourceVersion: "7" };
    const many = Array.from({ length: 5001 }, (_, index) => object(`x${index}`, "3"));
    const failed = refusal(500, "InternalError");
    await using small = start({ streams: [[failed]], pages: [page, page] }, { watchList: false });
    await seconds(2);
    expect(small.requests.filter(({ what }) => what === "list")).toEqual([
      { at: 0, what: "list", version: "", limit: 500 },
      { at: 0.8, what: "list", version: "7", limit: 0 },
    ]);
    await using large = start({ streams: [[failed]], pages: [{ items: many, resourceVersion: "7" }, page] }, { watchList: false });
    await seconds(2);
    expect(large.requests.filter(({ what }) => what === "list")[1]).toMatchObject({ version: "", limit: 500 });
  });

  test("takes the whole list at once where the version of its pages is compacted away half-way", async () => {
    const first = { items: [object("old", "3")], resourceVersion: "7", continue: "more" };
    const whole = { items: [object("x", "8"), object("y", "9")], resourceVersion: "9" };
    await using running = start({ pages: [first, refusal(410, "Expired"), whole] }, { watchList: false });
    await seconds(1);
    expect(running.requests.map(({ what, limit }) => [what, limit])).toEqual([
      ["list", 500],
      ["list", 500],
      ["list", 0],
      ["watch", undefined],
    ]);
    expect(running.seen).toEqual(["replace 2 @9"]);
  });

  test("backs off from a watch that ends at once with nothing", async () => {
    await using running = start({ streams: [[bookmark("7", true), new ConnectionError("ended", "SHORT_WATCH")]] });
    await seconds(0.7);
    expect(running.requests).toHaveLength(1);
  });
});
