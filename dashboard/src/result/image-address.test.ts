import { expect, test } from "vitest";
import { imageAddress } from "./image-address";

test.each([
  ["images/1.jpg", "/scenes/", "/scenes/images/1.jpg"],
  ["images/1.jpg", "https://cdn.test/scenes", "https://cdn.test/scenes/images/1.jpg"],
  ["images/1.jpg", "/", "/images/1.jpg"],
  ["50 %/what?#1.jpg", "/", "/50%20%25/what%3F%231.jpg"],
  ["https://a.test/1.jpg?token=x", null, "https://a.test/1.jpg?token=x"],
  ["images/1.jpg", null, null],
  ["storage://bucket/1.jpg", "/scenes/", null],
])("%s below %s is at %s", (path, base, address) => {
  expect(imageAddress(path, base)).toBe(address);
});
