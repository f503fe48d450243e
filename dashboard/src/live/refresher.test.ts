import { expect, test } from "vitest";
import { Refresher } from "./refresher";

test("what is asked for during a run is one more run, not many", async () => {
  let runs = 0;
  const gates: (() => void)[] = [];
  const refresher = new Refresher(() => {
    runs += 1;
    return new Promise<void>((open) => gates.push(open));
  });
  for (let i = 0; i < 5; i++) refresher.ask();
  expect(runs).toBe(1);
  gates.shift()?.();
  await new Promise((resolve) => setTimeout(resolve));
  expect(runs).toBe(2);
  gates.shift()?.();
  await new Promise((resolve) => setTimeout(resolve));
  expect(runs).toBe(2);
});

test("a failed run does not end it", async () => {
  let runs = 0;
  const refresher = new Refresher(async () => {
    runs += 1;
    throw new Error("no");
  });
  refresher.ask();
  await new Promise((resolve) => setTimeout(resolve));
  refresher.ask();
  expect(runs).toBe(2);
});
