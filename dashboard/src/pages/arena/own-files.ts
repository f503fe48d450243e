/** Files from this computer that are to be fought over, kept while one looks at other pages. */

import type { Box } from "../../result/pictures";
import type { Arena } from "../../supabase";
import type { JobImage } from "./job-image";
import { randomId } from "./submit-job";
import { inTurns, upload, whyNot } from "./upload";

export interface OwnFile {
  id: string;
  file: File;
  /** An address of this page's, to look at it. */
  preview: string;
  state: "uploading" | "there" | "failed";
  error: string;
  /** Its image_path, once it is there. */
  path: string;
  cars: number | null;
  boxes: readonly Box[];
}

const AT_ONCE = 3;

export class OwnFiles {
  #files: readonly OwnFile[] = [];
  #folder = "";
  readonly #listeners = new Set<() => void>();

  readonly listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly all = (): readonly OwnFile[] => this.#files;

  /** @param folder of Storage, "anon" or the user's id; the files of another one are not this person's. */
  belongTo(folder: string): void {
    if (folder === this.#folder) return;
    this.#folder = folder;
    for (const { id } of this.#files) this.remove(id);
  }

  /** Takes files in, and uploads them a few at a time. */
  async add(arena: Arena, chosen: readonly File[]): Promise<void> {
    const added = chosen.map(ownFile);
    this.#set([...this.#files, ...added]);
    const sound = added.filter(({ state }) => state === "uploading");
    await inTurns(
      sound.map((file) => () => this.send(arena, file)),
      AT_ONCE,
    );
  }

  /** Uploads one that was not removed meanwhile. */
  async send(arena: Arena, { id, file }: OwnFile): Promise<void> {
    if (!this.#files.some((each) => each.id === id)) return;
    this.change(id, { state: "uploading", error: "" });
    try {
      this.change(id, { path: await upload(arena, this.#folder, file), state: "there" });
    } catch (error) {
      this.change(id, { state: "failed", error: (error as Error).message });
    }
  }

  change(id: string, to: Partial<OwnFile>): void {
    this.#set(this.#files.map((file) => (file.id === id ? { ...file, ...to } : file)));
  }

  /** No car is boxed by no box: without any, the count is to be given anew. */
  draw(id: string, boxes: readonly Box[]): void {
    this.change(id, { boxes, cars: boxes.length || null });
  }

  remove(id: string): void {
    const gone = this.#files.find((file) => file.id === id);
    if (gone) URL.revokeObjectURL(gone.preview);
    this.#set(this.#files.filter((file) => file.id !== id));
  }

  #set(files: readonly OwnFile[]): void {
    this.#files = files;
    for (const listener of this.#listeners) listener();
  }
}

/** Null as long as a file lacks its upload or its count. */
export function jobImages(files: readonly OwnFile[]): JobImage[] | null {
  const images = files.flatMap(imageOf);
  return images.length === files.length ? images : null;
}

function imageOf({ path, cars, boxes }: OwnFile): JobImage[] {
  if (path === "" || cars === null) return [];
  return [{ image_path: path, car_count: cars, ...(boxes.length > 0 ? { boxes: [...boxes] } : {}) }];
}

function ownFile(file: File): OwnFile {
  const refused = whyNot(file);
  return {
    id: randomId(),
    file,
    preview: URL.createObjectURL(file),
    state: refused ? "failed" : "uploading",
    error: refused ?? "",
    path: "",
    cars: null,
    boxes: [],
  };
}

/** Those of this tab. */
export const ownFiles = new OwnFiles();
