import { describe, expect, test } from "vitest";
import { decideNode } from "./decide.ts";
import type { Target } from "./target.ts";
import { correctWrite, type OvercommitNode } from "./write.ts";

const node = (cpu: string, record?: object, memory = "10Gi"): OvercommitNode => ({
  metadata: { annotations: record === undefined ? {} : { "outrigger.dev/overcommit": JSON.stringify(record) } },
  status: { allocatable: { cpu, memory, pods: "110" }, capacity: { cpu: "8", memory: "12Gi", pods: "110" } },
});
const target = (cpu: number, memory = 1000): Target => ({ policy: "p", ratios: { cpu, memory } });
const requested = (cpu: bigint, memory = 0n) => ({ requested: { cpu, memory } });
const doubled = { policy: "p", cpu: { true: "3920m", set: "7840m", ratio: 2 } };

describe("what the controller makes of a node", () => {
  test("it amplifies the CPU in whole thousandths, and memory in whole bytes where that is asked for", () => {
    expect(decideNode(node("3920m"), target(2000, 1200), requested(0n)).write).toEqual({
      allocatable: { cpu: "7840m", memory: "12Gi" },
      record: '{"policy":"p","cpu":{"true":"3920m","set":"7840m","ratio":2},"memory":{"true":"10Gi","set":"12Gi","ratio":1.2}}',
    });
    expect(decideNode(node("1001m"), target(1001), requested(0n)).write?.allocatable).toEqual({ cpu: "1002m" });
    expect(decideNode(node("4"), target(1500), requested(0n)).write?.allocatable).toEqual({ cpu: "6" });
  });

  test("it leaves a node alone that offers what it should", () => {
    expect(decideNode(node("7840m", doubled), target(2000), requested(9000n))).toEqual({ held: [], lowered: [], unclear: [] });
    expect(decideNode(node("4"), undefined, requested(0n)).write).toBeUndefined();
  });

  test("it repairs what the kubelet wrote while the webhook was away, also where the true value is another now", () => {
    expect(decideNode(node("3920m", doubled), target(2000), requested(0n)).write?.allocatable).toEqual({ cpu: "7840m" });
    expect(decideNode(node("1920m", doubled), target(2000), requested(0n)).write?.allocatable).toEqual({ cpu: "3840m" });
  });

  test("it works from the true value when the ratio changes, though the amplified one is within the capacity", () => {
    expect(decideNode(node("7840m", doubled), target(3000), requested(0n)).write).toEqual({
      allocatable: { cpu: "11760m" },
      record: '{"policy":"p","cpu":{"true":"3920m","set":"11760m","ratio":3}}',
    });
  });

  test("it lowers as far as the pods' requests allow, and says what holds it", () => {
    expect(decideNode(node("7840m", doubled), target(1500), requested(7000n))).toEqual({
      held: [{ resource: "cpu", wouldOffer: 5880n, requested: 7000n }],
      lowered: ["cpu"],
      unclear: [],
      write: { allocatable: { cpu: "7001m" }, record: '{"policy":"p","cpu":{"true":"3920m","set":"7001m","ratio":1.786}}' },
    });
    expect(decideNode(node("7840m", doubled), target(1500), { ...requested(7000n), force: true }).write?.allocatable).toEqual({
      cpu: "5880m",
    });
  });

  test("it restores the kubelet's own text and takes the record away when no policy is left", () => {
    expect(decideNode(node("7840m", doubled), undefined, requested(3920n)).write).toEqual({ allocatable: { cpu: "3920m" }, record: null });
  });

  test("it makes nothing of a value above the capacity that it did not write", () => {
    expect(decideNode(node("16"), target(2000), requested(0n))).toEqual({ held: [], lowered: [], unclear: ["cpu"] });
  });
});

describe("what is stored for a write", () => {
  const stored = node("7840m", doubled);
  test("the kubelet's true value is amplified, a new one too", () => {
    expect(correctWrite(stored, node("3920m", doubled), true)).toEqual({ allocatable: { cpu: "7840m" } });
    expect(correctWrite(stored, node("2", doubled), true)).toEqual({
      allocatable: { cpu: "4" },
      record: '{"policy":"p","cpu":{"true":"2","set":"4","ratio":2}}',
    });
  });

  test("a write that does not name the value makes the next one name it", () => {
    const moved = { policy: "p", cpu: { ...doubled.cpu, set: "7841m" } };
    expect(correctWrite(stored, stored, true)).toEqual({ allocatable: { cpu: "7841m" }, record: JSON.stringify(moved) });
    expect(correctWrite(node("7841m", moved), node("7841m", moved), true)).toEqual({
      allocatable: { cpu: "7840m" },
      record: JSON.stringify(doubled),
    });
  });

  test("others neither change the value nor amplify it again", () => {
    expect(correctWrite(stored, node("3920m", doubled), false)).toEqual({ allocatable: { cpu: "7840m" } });
    expect(correctWrite(stored, node("7840m"), false)).toEqual({ allocatable: {}, record: JSON.stringify(doubled) });
    expect(correctWrite(stored, stored, false)).toEqual({ allocatable: {} });
  });

  test("our own write of value and record together stands", () => {
    expect(correctWrite(stored, node("3920m"), false)).toEqual({ allocatable: {} });
    expect(correctWrite(stored, node("5880m", { policy: "p", cpu: { true: "3920m", set: "5880m", ratio: 1.5 } }), false)).toEqual({
      allocatable: {},
    });
  });

  test("a node without a record takes no part", () => {
    expect(correctWrite(node("4"), node("3"), true)).toEqual({ allocatable: {} });
  });
});
