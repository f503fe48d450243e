/** What a job's progress and error say, in the terminal's words. */
import { number } from "../../format";
import { numberOf, objectOf, textOf } from "../../result/reading";

const PHASES: Readonly<Record<string, string>> = {
  claimed: "taken by an agent",
  weights: "getting the weights",
  fetch: "fetching the images",
  load: "loading both models",
  warm_up: "warming up",
  single_stream: "timing image by image",
  offline: "timing batches",
  score: "scoring",
};

export interface ProgressWords {
  /** 0 to 1; null while it cannot be told. */
  share: number | null;
  text: string;
}

/** @param progress of a row of jobs */
export function progressWords(progress: unknown): ProgressWords {
  const found = objectOf(progress);
  const phase = textOf(found.phase);
  const text = (PHASES[phase] ?? phase) || "starting";
  if (phase === "weights") return { share: null, text: `${text}${megabytes(found.done, found.total)}` };
  const model = textOf(found.model_id);
  return { share: numberOf(found.fraction), text: model ? `${text}: ${model}` : text };
}

function megabytes(done: unknown, total: unknown): string {
  const [have, all] = [numberOf(done), numberOf(total)];
  if (have === null || !all) return "";
  return `, ${number(have / 1e6)} of ${number(all / 1e6)} MB`;
}

/** @param error of a row of jobs */
export function errorWords(error: unknown): { message: string; hint: string } {
  const found = objectOf(error);
  return {
    message: textOf(found.message) || "It failed, and said nothing of why.",
    hint: textOf(found.hint),
  };
}
