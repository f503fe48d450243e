import { expect, test } from "vitest";
import { inTurns, whyNot } from "./upload";

test("what Storage would refuse is said before", () => {
  expect(whyNot({ type: "image/png", size: 5 })).toBeNull();
  expect(whyNot({ type: "application/pdf", size: 5 })).toContain("JPEG");
  expect(whyNot({ type: "image/png", size: 20_000_001 })).toContain("20 MB");
});

test("no more run at once than are allowed, and all do", async () => {
  let running = 0;
  let most = 0;
  let done = 0;
  const task = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running -= 1;
    done += 1;
  };
  await inTurns(
    Array.from({ length: 10 }, () => task),
    3,
  );
  expect([most, done]).toEqual([3, 10]);
});
