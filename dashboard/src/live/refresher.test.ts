import { beforeEach, expect, test, vi } from "vitest";
import { Refresher } from "./refresher";

beforeEach(() => void vi.useFakeTimers());

const PAUSE_MS = 200;

test("what is asked for during a run is one more run, not many", async () => {
  let runs = 0;
  const gates: (() => void)[] = [];
  const refresher = new Refresher(() => {
    runs += 1;
    return new Promise<void>((open) => gates.push(open));
  }, PAUSE_MS);
  for (let i = 0; i < 5; i++) refresher.ask();
  expect(runs).toBe(1);
  await vi.advanceTimersByTimeAsync(10 * PAUSE_MS);
  expect(runs).toBe(1);
  gates.shift()?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(runs).toBe(2);
  gates.shift()?.();
  await vi.advanceTimersByTimeAsync(10 * PAUSE_MS);
  expect(runs).toBe(2);
});

test("the first run is at once, the next after the pause", async () => {
  let runs = 0;
  const refresher = new Refresher(async () => {
    runs += 1;
  }, PAUSE_MS);
  for (let i = 0; i < 99; i++) {
    refresher.ask();
    await vi.advanceTimersByTimeAsync(PAUSE_MS / 20);
  }
  expect(runs).toBe(5);
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  expect(runs).toBe(6); // the last ask was heard
});

test("a failed run does not end it", async () => {
  let runs = 0;
  const refresher = new Refresher(async () => {
    runs += 1;
    throw new Error("no");
  }, PAUSE_MS);
  refresher.ask();
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  refresher.ask();
  expect(runs).toBe(2);
});
