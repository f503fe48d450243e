import { expect, test } from "vitest";
import { ConfigMissing, parseConfig } from "./config";

test("the project is where the page is, unless it says so", () => {
  expect(parseConfig({ publishableKey: "k" }, "http://here").url).toBe("http://here");
  expect(parseConfig({ publishableKey: "k", supabaseUrl: "https://there/" }, "http://here").url).toBe(
    "https://there",
  );
});

test("a page without a key, or with the secret one, says what to do", () => {
  expect(() => parseConfig({}, "http://here")).toThrow(ConfigMissing);
  expect(() => parseConfig({ publishableKey: "sb_secret_x" }, "http://here")).toThrow(/everybody/);
});
