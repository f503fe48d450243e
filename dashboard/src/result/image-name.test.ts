import { expect, test } from "vitest";
import { imageName } from "./image-name";

test.each([
  ["images/1.jpg", "images/1.jpg"],
  ["https://a.test/1.jpg", "https://a.test/1.jpg"],
  ["https://a.test/1.jpg?token=eyJh.b.c&x=1", "https://a.test/1.jpg?***"],
  ["a.test/1.jpg?token=1", "a.test/1.jpg?***"],
  ["https://me:pass@a.test/1.jpg#key", "https://***@a.test/1.jpg#***"],
  ["https://proxy.test/https://me:pass@a.test/1.jpg", "https://proxy.test/https://***@a.test/1.jpg"],
  ["https://a.test/sb_secret_abc-1/1.jpg", "https://a.test/sb_secret_***/1.jpg"],
  ["https://a.test/eyJhbGci.eyJyb2xl.c2ln/1.jpg", "https://a.test/***/1.jpg"],
  ["storage://bucket/own/1.jpg", "storage://bucket/own/1.jpg"],
])("%s is called %s", (path, name) => {
  expect(imageName(path)).toBe(name);
});
