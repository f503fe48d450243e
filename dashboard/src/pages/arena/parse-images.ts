/** Images from what was pasted: lines of an address and a count, a CSV, or a whole manifest.json. */

import type { Box } from "../../result/pictures";
import { arrayOf, numberOf, objectOf, textOf } from "../../result/reading";
import type { JobImage } from "./job-image";

export interface Problem {
  /** "Line 3" of what was pasted, or "Image 3" of a manifest: what the message goes on from. */
  place: string;
  message: string;
}

export interface Parsed {
  images: JobImage[];
  problems: Problem[];
}

const MOST_CARS = 10_000;
/** The count is the last thing on the line: an address may hold commas. Of a line whose spaces are single ones. */
const LINE = /^"?(.+?)"? ?[,; ] ?"?(-?[\d.]+)"?$/;
const HEADER = /^"?image_path"? ?[,; ]/i;

export function parseImages(text: string): Parsed {
  return text.trimStart().startsWith("[") ? parseManifest(text) : parseLines(text);
}

function parseLines(text: string): Parsed {
  const parsed: Parsed = { images: [], problems: [] };
  text.split("\n").forEach((raw, index) => {
    const line = raw.trim().replace(/\s+/g, " "); // or the pattern would try each of many spaces in turn
    if (line === "" || HEADER.test(line)) return;
    const found = LINE.exec(line);
    const message = found
      ? problemOf(found[1] ?? "", Number(found[2]))
      : "has no count: write the address, a comma and how many cars there are.";
    if (message) parsed.problems.push({ place: `Line ${index + 1}`, message });
    else parsed.images.push({ image_path: found?.[1] ?? "", car_count: Number(found?.[2]) });
  });
  return parsed;
}

function parseManifest(text: string): Parsed {
  let entries: readonly unknown[];
  try {
    entries = arrayOf(JSON.parse(text));
  } catch (error) {
    const message = `is no valid JSON: ${(error as Error).message}`;
    return { images: [], problems: [{ place: "The manifest", message }] };
  }
  const parsed: Parsed = { images: [], problems: [] };
  entries.forEach((entry, index) => {
    const image = imageOf(entry);
    const message = problemOf(image.image_path, image.car_count);
    if (message) parsed.problems.push({ place: `Image ${index + 1}`, message });
    else parsed.images.push(image);
  });
  return parsed;
}

/** An entry of a manifest; what is missing in it is for `problemOf` to say. */
export function imageOf(entry: unknown): JobImage {
  const found = objectOf(entry);
  const description = textOf(found.description);
  return {
    image_path: textOf(found.image_path),
    car_count: numberOf(found.car_count) ?? Number.NaN,
    ...(description ? { description } : {}),
    ...(Array.isArray(found.boxes) ? { boxes: found.boxes as Box[] } : {}),
  };
}

function problemOf(path: string, cars: number): string | null {
  if (path === "") return "has no image_path.";
  if (/\s/.test(path)) return "has a space in its address: write %20 for it.";
  if (!Number.isInteger(cars) || cars < 0 || cars > MOST_CARS)
    return `needs a whole number of cars from 0 to ${MOST_CARS.toLocaleString("en-GB")}.`;
  return null;
}
