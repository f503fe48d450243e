import { beforeEach, expect, test, vi } from "vitest";
import type { Arena } from "../../supabase";
import { jobImages, OwnFiles } from "./own-files";

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
  own.belongTo("ann");
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

test("what was removed is not uploaded, and another person's files are gone", async () => {
  const { arena, paths } = storage();
  const own = new OwnFiles();
  const coming = own.add(arena, [...files().slice(0, 1), ...files().slice(0, 1)]);
  const [first] = own.all();
  own.remove(first?.id ?? "");
  if (first) await own.send(arena, first);
  await coming;
  expect(own.all()).toHaveLength(1);
  expect(paths).toHaveLength(2); // the first was on its way already
  own.belongTo("bob");
  expect(own.all()).toEqual([]);
  expect(URL.revokeObjectURL).toHaveBeenCalledTimes(2);
});
