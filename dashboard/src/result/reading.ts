/** Reads what a row holds without trusting that it is there: an older agent, or a stranger, may have written it. */

export type Unknown = Readonly<Record<string, unknown>>;

/** A finite number, or null. */
export function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** An object, or the one at `names` within it; empty where there is none. */
export function objectOf(value: unknown, ...names: string[]): Unknown {
  let found = value;
  for (const name of names) found = isObject(found) ? found[name] : null;
  return isObject(found) ? found : {};
}

export function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function numbersOf(value: unknown): number[] {
  return arrayOf(value).filter((each): each is number => numberOf(each) !== null);
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isObject(value: unknown): value is Unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
