import { expect, test } from "vitest";
import { isBeyondChance, type Standing, standing, winnerOf } from "./advantage";
import { asCsv } from "./download";
import { everyFact, methodLines, modelFacts, warningTexts, weightsText } from "./facts";
import { intervalAxis } from "./interval-axis";
import { alone, overlapOf, pictures } from "./pictures";
import { estimateWords, evidenceWords, limitsWords, reasonWords, scoreWords } from "./words";

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

test("equal scores are called equal", () => {
  const composite = (difference: number, ci_low: number | null, ci_high: number | null) => {
    const equal = { ...row, verdict: { composite: { a: 0.9, b: 0.9, difference, ci_low, ci_high } } };
    return scoreWords(standing(equal, "composite") as Standing, "95 %");
  };
  expect(composite(0, 0, 0)).toEqual([
    "The scores are equal",
    "they are at both ends of the 95 % interval, too",
  ]);
  expect(composite(0, -0.004, 0.02)).toEqual([
    "The scores are equal",
    "the 95 % interval goes from A +2.0 to B +0.4",
  ]);
  expect(composite(-0.031, -0.055, -0.008)).toEqual([
    "The scores differ by B +3.1",
    "the 95 % interval goes from B +0.8 to +5.5",
  ]);
  expect(composite(-0.031, null, null)[1]).toContain("no interval");
});

test("who won is said once", () => {
  const models = ["one", "two"];
  expect(reasonWords("two wins: it counts better", models)).toBe("It counts better");
  expect(reasonWords("A tie: two was compared with itself.", models)).toBe("two was compared with itself.");
  expect(reasonWords("an older agent wrote this", models)).toBe("An older agent wrote this");
  expect(reasonWords("", models)).toBe("");
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
  expect(weightsText({ weights: { green: 0.2, speed: 0.3, memory: 0.1, accuracy: 0.4 } })).toBe(
    "accuracy 40\u00a0%, speed 30\u00a0%, energy 20\u00a0%, memory 10\u00a0%",
  );
  expect(warningTexts(row)).toEqual(["The machine was busy.", "old form"]);
  expect(everyFact({ a: { b: 1 }, c: [] })).toEqual([
    ["a · b", "1"],
    ["c", "none"],
  ]);
  expect(warningTexts({ verdict: null })).toEqual([]);
});

test("a CSV that no spreadsheet runs", () => {
  const csv = asCsv({ ...row, model_a_id: "=cmd()", model_b_id: 'a,"b"' });
  const [header, ...lines] = csv.split("\r\n");
  expect(header).toBe(`metric,A: =cmd(),"B: a,""b""",better,difference,low,high,difference_in,p_value,test`);
  expect(lines).toContain(
    "throughput_fps,37.6,34.3,,0.909090909,0.833333333,1.02040816,factor; above 1 B is better,,",
  );
  expect(csv).not.toMatch(/(^|,)[=+@]/m);
});

test("a CSV tells the difference and its interval", () => {
  expect(asCsv(row)).toContain(
    "\r\naccuracy,0.874,0.935,B,6.1,2.3,9.8,points of 100; above 0 B is better,0.0004,bootstrap\r\n",
  );
  expect(asCsv(row)).toContain("\r\nmemory_mb,0,650,,,,,,,\r\n");
});

test("each model has a threshold of its own", () => {
  const metrics = { confidence_threshold: 0.25, calibrated_on: "coco" };
  const both = { model_a_metrics: metrics, model_b_metrics: { ...metrics, confidence_threshold: 0.4 } };
  expect(methodLines(both)[3]).toContain("a confidence of 0.25 (A) and 0.4 (B), and");
  expect(methodLines({ ...both, model_b_metrics: metrics })[3]).toContain("a confidence of 0.25, and");
  expect(modelFacts(both)).toContainEqual(["threshold set on", "coco", "coco"]);
});

test("the job knows where an image is, the result how it is called", () => {
  const seen = { side: "a", image_index: 0, image_path: "https://a.test/1.jpg?***" };
  const address = "https://a.test/1.jpg?token=x";
  expect(pictures([seen], [{ image_path: address }])[0]).toMatchObject({
    path: address,
    name: "https://a.test/1.jpg?***",
  });
  expect(pictures([seen], [])[0]?.path).toBe("https://a.test/1.jpg?***");
});
