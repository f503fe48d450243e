import { beforeEach, expect, test, vi } from "vitest";
import type { Arena } from "../../supabase";
import { jobImages, NOBODY, OwnFiles } from "./own-files";

const files = () => [new File(["a"], "a.jpg", { type: "image/jpeg" }), new File(["b"], "b.txt")];

/** Storage that takes everything, when the gate opens. */
function storage() {
  const paths: string[] = [];
  const upload = async (path: string) => {
    paths.push(path);
    return { error: null };
  };
  return { paths, arena: { storage: { from: () => ({ upload }) } } as unknown as Arena };
}

beforeEach(() => {
  URL.createObjectURL = () => "blob:x";
  URL.revokeObjectURL = vi.fn();
});

test("what is sound is uploaded below its owner's folder, what is not says why", async () => {
  const { arena, paths } = storage();
  const own = new OwnFiles();
  own.belongTo(arena, "ann");
  await own.add(arena, files());
  const [good, bad] = own.all();
  expect(paths).toEqual([expect.stringMatching(/^ann\/[0-9a-f]{32}\.jpg$/)]);
  expect(good).toMatchObject({ state: "there", path: `storage://arena-images/${paths[0]}` });
  expect(bad).toMatchObject({ state: "failed", error: expect.stringContaining("JPEG") });
});

test("a job needs the upload and the count of each", async () => {
  const own = new OwnFiles();
  await own.add(storage().arena, files().slice(0, 1));
  expect(jobImages(own.all())).toBeNull();
  const id = own.all()[0]?.id ?? "";
  own.draw(id, [[1, 2, 3, 4]]);
  expect(jobImages(own.all())).toMatchObject([{ car_count: 1, boxes: [[1, 2, 3, 4]] }]);
  own.draw(id, []);
  expect(jobImages(own.all())).toBeNull();
  own.change(id, { cars: 0 });
  expect(jobImages(own.all())).toMatchObject([{ car_count: 0 }]);
});

test("what was removed is not uploaded", async () => {
  const { arena, paths } = storage();
  const own = new OwnFiles();
  const coming = own.add(arena, [...files().slice(0, 1), ...files().slice(0, 1)]);
  const [first] = own.all();
  own.remove(first?.id ?? "");
  if (first) await own.send(arena, first);
  await coming;
  expect(own.all()).toHaveLength(1);
  expect(paths).toHaveLength(2); // the first was on its way already
  expect(URL.revokeObjectURL).toHaveBeenCalledTimes(1);
});

test("who signs in takes files along, and who comes next does not have them", async () => {
  const { arena, paths } = storage();
  const own = new OwnFiles();
  await own.add(arena, files());
  own.change(own.all()[0]?.id ?? "", { cars: 2 });
  own.belongTo(arena, "ann");
  await vi.waitFor(() => expect(own.all()[0]).toMatchObject({ state: "there", cars: 2 }));
  expect(own.all()[0]?.path).toBe(`storage://arena-images/${paths[1]}`);
  expect(paths.map((path) => path.split("/")[0])).toEqual(["anon", "ann"]);
  own.belongTo(arena, NOBODY);
  expect(own.all()).toEqual([]);
  own.belongTo(arena, "ann");
  expect(own.all()).toHaveLength(2);
  own.belongTo(arena, NOBODY);
  own.belongTo(arena, "bob");
  expect(own.all()).toEqual([]);
  own.belongTo(arena, "ann");
  expect(own.all()).toEqual([]);
});

test("who is not signed in does not add to another person's files", async () => {
  const { arena, paths } = storage();
  const own = new OwnFiles();
  own.belongTo(arena, "ann");
  await own.add(arena, files().slice(0, 1));
  own.belongTo(arena, NOBODY);
  await own.add(arena, files().slice(0, 1));
  expect(own.all()).toHaveLength(1);
  expect(paths[1]).toMatch(/^anon\//);
});

test("what was fought over is not asked about when the page closes", async () => {
  const { arena } = storage();
  const own = new OwnFiles();
  expect(own.isUnsent).toBe(false);
  await own.add(arena, files().slice(0, 1));
  own.wereSent([{ image_path: "https://images.test/1.jpg", car_count: 1 }]);
  expect(own.isUnsent).toBe(true);
  own.wereSent([{ image_path: own.all()[0]?.path ?? "", car_count: 1 }]);
  expect(own.isUnsent).toBe(false);
  own.change(own.all()[0]?.id ?? "", { cars: 3 });
  expect(own.isUnsent).toBe(true);
});

test("an upload that fails late says nothing of the one that followed it", async () => {
  const { arena } = storage();
  let fail = () => {};
  const slow = {
    storage: {
      from: () => ({ upload: () => new Promise((_, reject) => (fail = () => reject(new Error("late")))) }),
    },
  } as unknown as Arena;
  const own = new OwnFiles();
  const coming = own.add(slow, files().slice(0, 1));
  own.belongTo(arena, "ann");
  await vi.waitFor(() => expect(own.all()[0]?.state).toBe("there"));
  fail();
  await coming;
  expect(own.all()[0]).toMatchObject({ state: "there", error: "" });
});
