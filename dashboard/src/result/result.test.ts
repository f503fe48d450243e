import { expect, test } from "vitest";
import { isBeyondChance, standing, winnerOf } from "./advantage";
import { asCsv } from "./download";
import { everyFact, warningTexts, weightsText } from "./facts";
import { intervalAxis } from "./interval-axis";
import { alone, overlapOf, pictures } from "./pictures";
import { estimateWords, evidenceWords, limitsWords } from "./words";

const row = {
  model_a_id: "one",
  model_b_id: "two",
  winner: "two",
  model_a_metrics: { accuracy: 0.874, speed_ms: 24.6, memory_mb: 0, throughput_fps: 37.6 },
  model_b_metrics: { accuracy: 0.935, speed_ms: 27.6, memory_mb: 650, throughput_fps: 34.3 },
  verdict: {
    weights: { accuracy: 0.4, green: 0.2 },
    warnings: [{ code: "busy", message: "The machine was busy." }, "old form", 3],
    composite: { a: 0.91, b: 0.941, difference: -0.031, ci_low: -0.055, ci_high: -0.008 },
    metrics: {
      accuracy: {
        difference: -0.061,
        ci_low: -0.098,
        ci_high: -0.023,
        winner: "two",
        p_value: 0.0004,
        test: "bootstrap",
      },
      speed_ms: { ratio: 0.89, ratio_low: 0.861, ratio_high: 0.922, winner: "one", p_value: 0.01, test: "t" },
      throughput_fps: { ratio: 1.1, ratio_low: 0.98, ratio_high: 1.2, winner: "tie" },
    },
  },
};

function found(name: string) {
  const one = standing(row, name);
  if (!one) throw new Error(`no ${name}`);
  return one;
}

test("of what is good more is better, of what it costs less", () => {
  expect(found("accuracy")).toMatchObject({ better: "b", a: 0.874 });
  expect(found("accuracy").advantage?.value).toBeCloseTo(6.1);
  expect(found("speed_ms").advantage?.value).toBeCloseTo(Math.log(0.89));
  expect(found("throughput_fps").advantage?.value).toBeCloseTo(-Math.log(1.1));
  expect(found("throughput_fps").advantage?.limits?.[1]).toBeCloseTo(-Math.log(0.98));
});

test("what the verdict calls a tie has no winner, whatever the figures", () => {
  expect(found("throughput_fps").better).toBeNull();
  expect(isBeyondChance(found("throughput_fps"))).toBe(false);
  expect(isBeyondChance(found("accuracy"))).toBe(true);
});

test("a factor of nothing is not said", () => {
  expect(found("memory_mb").advantage).toBeNull();
  expect(estimateWords("memory_mb", found("memory_mb"))).toBe("no ratio: one of them is 0");
});

test("words", () => {
  expect(estimateWords("accuracy", found("accuracy"))).toBe("B +6.1");
  expect(limitsWords("accuracy", found("accuracy"))).toBe("B +2.3 to +9.8");
  expect(estimateWords("speed_ms", found("speed_ms"))).toBe("A 1.12×");
  expect(limitsWords("throughput_fps", found("throughput_fps"))).toBe("A 1.20× to B 1.02×");
  expect(evidenceWords(found("accuracy"))).toBe("p < 0.001, paired bootstrap");
  expect(evidenceWords(found("throughput_fps"))).toBe("");
});

test("the winner is a side, a tie, or nobody; a model against itself is a tie", () => {
  expect(winnerOf(row)).toBe("b");
  expect(winnerOf({ ...row, winner: "tie" })).toBe("tie");
  expect(winnerOf({ ...row, winner: "three" })).toBeNull();
  expect(winnerOf({ model_a_id: "x", model_b_id: "x", winner: "x" })).toBe("tie");
});

test("the axis holds the estimates, and not what is unusually long", () => {
  expect(intervalAxis("share", [found("accuracy")]).limit).toBe(10);
  const wide = { ...found("accuracy"), advantage: { value: 1, limits: [-90, 90] as const } };
  const usual = { ...found("accuracy"), advantage: { value: 1, limits: [0, 2] as const } };
  expect(intervalAxis("share", [usual, usual, usual, wide]).limit).toBe(2);
});

test("images that disagree come first, and boxes are paired one to one", () => {
  const detections = (...boxes: number[][]) => boxes.map((box) => ({ box, score: 0.9, label: "car" }));
  const rows = [
    {
      side: "a",
      image_index: 0,
      truth_count: 2,
      predicted_count: 2,
      image_path: "0",
      detections: detections([0, 0, 10, 10]),
    },
    {
      side: "b",
      image_index: 0,
      truth_count: 2,
      predicted_count: 2,
      image_path: "0",
      detections: detections([0, 0, 10, 10], [0, 0, 10, 9]),
    },
    { side: "a", image_index: 1, truth_count: 4, predicted_count: 4, image_path: "1", detections: [] },
    { side: "b", image_index: 1, truth_count: 4, predicted_count: 1, image_path: "1", detections: [] },
  ];
  const [first, second] = pictures(rows, [{ boxes: [[0, 0, 1, 1]] }]);
  expect(first?.index).toBe(1);
  expect(first?.b?.accuracy).toBe(0.25);
  expect(first?.truthBoxes).toBeNull();
  expect(second?.shared).toBe(1);
  expect(second && alone(second, "b")).toBe(1);
});

test("overlap of boxes and points", () => {
  expect(overlapOf([0, 0, 10, 10], [0, 0, 10, 5])).toBe(0.5);
  expect(overlapOf([5, 5, 5, 5], [0, 0, 10, 10])).toBe(1);
  expect(overlapOf([0, 0, 1, 1], [2, 2, 3, 3])).toBe(0);
});

test("facts and warnings survive rows of any form", () => {
  expect(weightsText(row.verdict)).toBe("accuracy 40 %, energy 20 %");
  expect(warningTexts(row)).toEqual(["The machine was busy.", "old form"]);
  expect(everyFact({ a: { b: 1 }, c: [] })).toEqual([
    ["a · b", "1"],
    ["c", "none"],
  ]);
  expect(warningTexts({ verdict: null })).toEqual([]);
});

test("a CSV that no spreadsheet runs", () => {
  const csv = asCsv({ ...row, model_a_id: "=cmd()", model_b_id: 'a,"b"' });
  expect(csv.split("\r\n")[0]).toBe(`metric,'=cmd(),"a,""b""",better,p_value,test`);
  expect(csv).toContain("\r\naccuracy,0.874,0.935,");
});
