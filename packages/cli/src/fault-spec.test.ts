import { describe, expect, test } from "vitest";
import { type FaultSetOptions, faultSpec } from "./fault-spec.ts";

const spec = (words: string, options: Partial<FaultSetOptions> = {}) =>
  faultSpec(words.split(" "), { selector: "app=db", count: "all", duration: "5m", ...options });
const refusal = async (words: string, options: Partial<FaultSetOptions> = {}): Promise<string> =>
  spec(words, options).then(
    () => "accepted",
    (error: Error & { exitCode: number }) => `${error.exitCode}: ${error.message}`,
  );

describe("the words of outrigger fault set", () => {
  test("are effects, and pods as kubectl names them", async () => {
    expect(await spec("latency=20ms jitter=5ms loss=10% rate=1mbit burst=32kb partition")).toEqual({
      selector: { matchLabels: { app: "db" } },
      mode: "all",
      fault: {
        delay: { time: "20ms", jitter: "5ms" },
        loss: { random: { percent: 10 } },
        rate: { bandwidth: "1mbit", burst: "32kb" },
        partition: true,
      },
      duration: "5m",
    });
    expect((await faultSpec(["delay=1s", "pod/a", "pods/b"], { pod: ["c"], count: "one", duration: "0" })) as object).toEqual({
      selector: { names: ["a", "b", "c"] },
      mode: "one",
      fault: { delay: { time: "1s" } },
    });
  });

  test("go with flags for how many, whom, and for how long", async () => {
    expect(
      await spec("loss=1", {
        selector: "app in (a,b),!canary",
        count: "50%",
        to: ["10.0.0.0/8,192.0.2.1"],
        toPods: ["app=web"],
        toService: ["db.prod"],
        port: ["4000", "5000-5010"],
        protocol: "tcp",
        schedule: "0 * * * *",
      }),
    ).toEqual({
      selector: {
        matchExpressions: [
          { key: "app", operator: "In", values: ["a", "b"] },
          { key: "canary", operator: "DoesNotExist" },
        ],
      },
      mode: "percent",
      value: 50,
      fault: { loss: { random: { percent: 1 } } },
      targets: {
        cidrs: ["10.0.0.0/8", "192.0.2.1"],
        pods: [{ selector: { matchLabels: { app: "web" } } }],
        services: [{ name: "db", namespace: "prod" }],
        ports: [4000, "5000-5010"],
        protocol: "tcp",
      },
      duration: "5m",
      schedule: "0 * * * *",
    });
  });

  test("that cannot be read are wrong usage, told with what is allowed", async () => {
    expect(await refusal("lateness=5")).toMatch(/^2: lateness is no fault: write latency=20ms, /);
    expect(await refusal("latency=")).toMatch(/^2: latency needs a value/);
    expect(await refusal("loss=101%")).toMatch(/^2: loss=101%: a percentage is a number from 0 to 100/);
    expect(await refusal("jitter=5ms")).toMatch(/^2: jitter, distribution and correlation go with latency/);
    expect(await refusal("latency=1ms delay=2ms")).toMatch(/^2: delay=2ms: delay is given twice/);
    expect(await refusal("latency=1ms", { count: "some" })).toMatch(/^2: --count some: write all, one, a number of pods/);
    expect(await refusal("latency=1ms", { selector: "app in" })).toMatch(/^2: --selector app in: /);
    expect(await faultSpec(["loss=1"], { count: "all", duration: "5m" }).catch((error: Error) => error.message)).toMatch(/^say which pods/);
  });
});
