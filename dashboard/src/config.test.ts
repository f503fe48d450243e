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
  const legacy = `eyJhbGciOiJIUzI1NiJ9.${btoa('{"role":"service_role"}')}.signature`;
  for (const publishableKey of ["sb_secret_x", legacy])
    expect(() => parseConfig({ publishableKey }, "http://here")).toThrow(/everybody/);
  const anon = legacy.replace(btoa('{"role":"service_role"}'), btoa('{"role":"anon"}'));
  expect(parseConfig({ publishableKey: anon }, "http://here").key).toBe(anon);
});

test("an address without its scheme is refused before anything is asked of it", () => {
  const file = { publishableKey: "k", supabaseUrl: "abc.supabase.co" };
  expect(() => parseConfig(file, "http://here")).toThrow('supabaseUrl is "abc.supabase.co"');
});
