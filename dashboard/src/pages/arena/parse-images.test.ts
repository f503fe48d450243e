import { expect, test } from "vitest";
import { carsIn } from "./job-image";
import { parseImages } from "./parse-images";

const one = { image_path: "https://a.test/1.jpg", car_count: 3 };

test.each([
  ["https://a.test/1.jpg, 3"],
  ["https://a.test/1.jpg 3"],
  ["https://a.test/1.jpg\t3"],
  ["https://a.test/1.jpg  ,\t 3 "],
  ["https://a.test/1.jpg;3\n\n"],
  ["image_path,car_count\nhttps://a.test/1.jpg,3"],
  ['"https://a.test/1.jpg","3"'],
])("%j is an image with a count", (text) => {
  expect(parseImages(text)).toEqual({ images: [one], problems: [] });
});

test("an address may hold commas", () => {
  expect(parseImages("https://a.test/w_200,h_100/1.jpg,0").images[0]).toEqual({
    image_path: "https://a.test/w_200,h_100/1.jpg",
    car_count: 0,
  });
});

test("what is wrong is told with its line, and the others are kept", () => {
  const { images, problems } = parseImages(
    "https://a.test/1.jpg\nhttps://a.test/1.jpg,3\nhttps://a.test/2.jpg,-1\nx y.jpg,2",
  );
  expect(images).toEqual([one]);
  expect(problems.map(({ place }) => place)).toEqual(["Line 1", "Line 3", "Line 4"]);
  expect(problems[0]?.message).toContain("no count");
  expect(problems[1]?.message).toContain("0 to 10,000");
  expect(problems[2]?.message).toContain("%20");
});

test("a manifest is taken whole, with its boxes", () => {
  const manifest = [{ ...one, boxes: [[0, 0, 1, 1]], extra: 1 }, { image_path: "b.jpg" }];
  const { images, problems } = parseImages(JSON.stringify(manifest));
  expect(images).toEqual([{ ...one, boxes: [[0, 0, 1, 1]] }]);
  expect(problems[0]?.place).toBe("Image 2");
  expect(parseImages("[{").problems[0]).toMatchObject({
    place: "The manifest",
    message: expect.stringContaining("JSON"),
  });
});

test.each([" ", "\t", ", ", "1 ", '" '])("a line of many %j is read at once", (piece) => {
  const start = performance.now();
  for (const end of ["", "x", ",3"]) parseImages(`https://a.test/${piece.repeat(20_000)}${end}`);
  expect(performance.now() - start).toBeLessThan(1_000);
});

test("cars are summed", () => {
  expect(carsIn([one, one])).toBe(6);
});
