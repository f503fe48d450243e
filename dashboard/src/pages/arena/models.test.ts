import { expect, test } from "vitest";
import {
  choices,
  firstPair,
  isOffered,
  type LiveAgentRow,
  type ModelRow,
  whyItWaits,
  whyPairWaits,
} from "./models";

function model(id: string, more: Partial<ModelRow> = {}): ModelRow {
  return {
    id,
    name: id,
    base_id: null,
    can_detect_cars: true,
    runtimes: ["torch", "onnx"],
    runtime: "torch",
    default_runtime: "torch",
    ...more,
  } as ModelRow;
}

test("who can compete comes first, and runtimes go with their model", () => {
  const found = choices([
    model("text", { can_detect_cars: false }),
    model("yolo"),
    model("yolo@onnx", { base_id: "yolo", runtime: "onnx" }),
    model("yolo@old", { base_id: "yolo", runtime: "old" }),
    model("alpha"),
  ]);
  expect(found.map((each) => each.model.id)).toEqual(["alpha", "yolo", "text"]);
  expect(found[1]?.variants.map(({ id }) => id)).toEqual(["yolo@onnx"]);
});

test("what no running agent has waits", () => {
  const agents = [{ models: ["yolo"] } as LiveAgentRow];
  expect(whyItWaits("yolo", agents)).toBeNull();
  expect(whyItWaits("other", agents)).toContain("no running agent");
  expect(whyItWaits("yolo", [])).toBe("no agent is running");
});

test("two that can run now are chosen at first", () => {
  const all = choices(["a", "b", "c", "d"].map((id) => model(id)));
  expect(firstPair(all, [{ models: ["b", "d"] } as LiveAgentRow])).toEqual(["b", "d"]);
  expect(firstPair(all, [])).toEqual(["a", "b"]);
});

test("one agent must have both", () => {
  const agents = [{ models: ["a"] }, { models: ["b", "c"] }] as LiveAgentRow[];
  expect(whyPairWaits("b", "c", agents)).toBe("");
  expect(whyPairWaits("a", "b", agents)).toContain("can run both");
  expect(whyPairWaits("a", "d", agents)).toContain("can run d:");
  expect(whyPairWaits("d", "d", agents)).toContain("can run d:");
});

test("an agent that cannot work says why", () => {
  const agents = [{ name: "pod-1", models: [], problem: "There is no GPU." }] as unknown as LiveAgentRow[];
  expect(whyPairWaits("a", "b", agents)).toContain("pod-1 says: There is no GPU.");
});

test("what was chosen earlier may be offered no more", () => {
  const all = choices([
    model("yolo"),
    model("yolo@onnx", { base_id: "yolo", runtime: "onnx" }),
    model("yolo@old", { base_id: "yolo", runtime: "old" }),
    model("text", { can_detect_cars: false }),
  ]);
  expect(["yolo", "yolo@onnx", "yolo@old", "text", ""].map((id) => isOffered(id, all))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
