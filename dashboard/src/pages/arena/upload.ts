/** Files on their way into Storage. */
import { type Arena, DatabaseError, Unreachable } from "../../supabase";
import { randomId } from "./submit-job";

export const BUCKET = "arena-images";
export const MOST_BYTES = 20_000_000;
export const TYPES: Readonly<Record<string, string>> = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/webp": "webp",
  "image/bmp": "bmp",
  "image/tiff": "tif",
  "image/gif": "gif",
  "image/avif": "avif",
};

/** Why a file is not taken; null where it is. */
export function whyNot(file: { type: string; size: number }): string | null {
  if (!(file.type in TYPES)) return "It is no JPEG, PNG, WebP, AVIF, BMP, TIFF or GIF.";
  return file.size > MOST_BYTES ? "It is larger than 20 MB." : null;
}

/** Gives the image_path. @param folder the user's id, or "anon". Throws DatabaseError or Unreachable. */
export async function upload(arena: Arena, folder: string, file: File): Promise<string> {
  const path = `${folder}/${randomId()}.${TYPES[file.type] ?? "bin"}`;
  const { error } = await arena.storage.from(BUCKET).upload(path, file, { contentType: file.type });
  if (!error) return `storage://${BUCKET}/${path}`;
  // Storage gives every refusal a status; fetch gives none.
  throw error.statusCode ? new DatabaseError(error.message, "storage") : new Unreachable();
}

/** Runs the tasks, `most` at a time. */
export async function inTurns(tasks: readonly (() => Promise<void>)[], most: number): Promise<void> {
  const left = [...tasks];
  const work = async () => {
    for (let task = left.shift(); task; task = left.shift()) await task();
  };
  await Promise.all(Array.from({ length: most }, work));
}
