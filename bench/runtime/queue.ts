import { Contender, median } from "../contender.ts";
import type { Figure } from "../main.ts";

const GOAL = 1_000_000;
const ROUNDS = 5;

/** Keys added, handed out and done per second on one core, by one worker without delays. */
export async function run(): Promise<Figure[]> {
  const contender = Contender.start("runtime/queue-contender.ts");
  try {
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) rates.push(await contender.ask<number>(1_000_000));
    const rate = median(rates);
    return [
      {
        what: "work queue: add, get and done of keys, 1,000 waiting at a time",
        value: `${Math.round(rate).toLocaleString("en")} a second`,
        goal: "≥ 1,000,000",
        met: rate >= GOAL,
      },
    ];
  } finally {
    await contender.end();
  }
}
