/** The insert: a plain one, as any front end does it. */
import type { Json } from "../../database.types";
import { type Arena, answered, DatabaseError } from "../../supabase";
import type { JobImage } from "./job-image";
import { type BattleOptions, jobOptions } from "./options";

export interface WantedJob {
  modelA: string;
  modelB: string;
  images: readonly JobImage[];
  options: BattleOptions;
}

const ALREADY_THERE = "23505";

/** Gives the job's id; of the same job with the same key, the id of the one that is there. */
export async function submitJob(arena: Arena, job: WantedJob, key: string): Promise<string> {
  const row = {
    model_a: job.modelA,
    model_b: job.modelB,
    images: job.images as unknown as NonNullable<Json>,
    options: jobOptions(job.options),
    priority: job.options.priority,
    idempotency_key: key,
  };
  try {
    return (await answered(arena.from("jobs").insert(row).select("id").single())).id;
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === ALREADY_THERE)) throw error;
    return (await answered(arena.from("jobs").select("id").eq("idempotency_key", key).limit(1).single())).id;
  }
}

/** For an idempotency key or a file's name. `randomUUID` is there on https and localhost alone. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

export type Place = "model_a" | "model_b" | "images" | "options" | "form";

/** The field that an error of the database names, such as "options.weights"; "" where it names none. */
export function fieldOf(error: Error | null): string {
  return error instanceof DatabaseError ? (error.field ?? "") : "";
}

/** The part of the form that an error of the database concerns. */
export function placeOf(error: Error): Place {
  const field = fieldOf(error);
  if (field === "model_a" || field === "model_b") return field;
  if (field.startsWith("images") || field.startsWith("max_images") || field.startsWith("max_payload"))
    return "images";
  return field.startsWith("options") || field === "priority" ? "options" : "form";
}
