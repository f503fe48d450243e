import { expect, test } from "vitest";
import { ConfigMissing, parseConfig } from "./config";

test("the project is where the page is, unless it says so", () => {
  expect(parseConfig({ publishableKey: "k" }, "http://here").url).toBe("http://here");
  expect(parseConfig({ publishableKey: "k", supabaseUrl: "/" }, "http://here").url).toBe("http://here");
  expect(parseConfig({ publishableKey: "k", supabaseUrl: "/db/" }, "http://here").url).toBe("http://here/db");
  expect(parseConfig({ publishableKey: "k", supabaseUrl: "https://there/" }, "http://here").url).toBe(
    "https://there",
  );
});

test("a page without a key, or with the secret one, says what to do", () => {
  expect(() => parseConfig({}, "http://here")).toThrow(ConfigMissing);
  const token = (role: string) => `eyJhbGciOiJIUzI1NiJ9.${btoa(JSON.stringify({ role }))}.signature`;
  for (const publishableKey of ["sb_secret_x", " sb_secret_x", token("service_role"), token("arena_agent")])
    expect(() => parseConfig({ publishableKey }, "http://here")).toThrow(/everybody/);
  expect(parseConfig({ publishableKey: ` ${token("anon")}\n` }, "http://here").key).toBe(token("anon"));
});

test("an address without its scheme is refused before anything is asked of it", () => {
  const file = { publishableKey: "k", supabaseUrl: "abc.supabase.co" };
  expect(() => parseConfig(file, "http://here")).toThrow('supabaseUrl is "abc.supabase.co"');
});
