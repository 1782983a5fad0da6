import { WorkQueue } from "@outrigger/kit/queue";
import { answerWith } from "../contender.ts";

const WAITING = 1000;
const keys = Array.from({ length: 10_000 }, (_, index) => `team-${index % 50}/web-${index}`);

answerWith((count: number): number => {
  const queue = new WorkQueue<string>();
  const start = performance.now();
  for (let at = 0; at < count; at += WAITING) {
    for (let i = 0; i < WAITING; i++) queue.add(keys[(at + i) % keys.length]!);
    for (let key = queue.tryGet(); key !== undefined; key = queue.tryGet()) queue.done(key);
  }
  const milliseconds = performance.now() - start;
  queue.shutDown();
  return (count * 1000) / milliseconds;
});
