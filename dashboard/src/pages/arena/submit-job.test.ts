import { expect, test } from "vitest";
import { DatabaseError, Unreachable } from "../../supabase";
import { placeOf, randomId } from "./submit-job";

test.each([
  ["model_a", "model_a"],
  ["images[3].car_count", "images"],
  ["options.weights", "options"],
  ["priority", "options"],
  ["max_pending_anon", "form"],
])("an error of %s is shown at %s", (field, place) => {
  expect(placeOf(new DatabaseError("no", "22023", null, field))).toBe(place);
});

test("one that names no field is shown above the button", () => {
  expect(placeOf(new Unreachable())).toBe("form");
});

test("ids differ", () => {
  expect(randomId()).toMatch(/^[0-9a-f]{32}$/);
  expect(randomId()).not.toBe(randomId());
});
