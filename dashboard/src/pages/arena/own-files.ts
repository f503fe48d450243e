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

/** The folder of who is not signed in. */
export const NOBODY = "anon";

export class OwnFiles {
  #files: readonly OwnFile[] = [];
  /** Of Storage, where the files are: the user's id, or that of nobody. */
  #folder = NOBODY;
  /** The folder of who is there. */
  #present = NOBODY;
  #seen: readonly OwnFile[] = [];
  #isUnsent = false;
  readonly #listeners = new Set<() => void>();

  readonly listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Those of who is there. */
  readonly all = (): readonly OwnFile[] => this.#seen;

  /** Whether counts or boxes would be gone with the page. */
  get isUnsent(): boolean {
    return this.#isUnsent && this.#files.length > 0;
  }

  /**
   * Who signs in takes along what they chose before. Who is signed out, perhaps by the clock, finds it again when they are
   * back; another person does not.
   *
   * @param folder the user's id, or that of nobody
   */
  belongTo(arena: Arena, folder: string): void {
    if (folder === this.#present) return;
    this.#present = folder;
    if (folder !== NOBODY && folder !== this.#folder) {
      const areTheirs = this.#folder === NOBODY;
      this.#folder = folder;
      if (areTheirs) void this.#sendAll(arena, this.#files);
      else this.#clear();
    }
    this.#tell();
  }

  /** A battle of these was started: nothing would be lost any more. */
  wereSent(images: readonly JobImage[]): void {
    const paths = new Set(images.map(({ image_path }) => image_path));
    if (this.#files.every(({ path }) => paths.has(path))) this.#isUnsent = false;
  }

  /** Takes files in, and uploads them a few at a time. */
  async add(arena: Arena, chosen: readonly File[]): Promise<void> {
    if (this.#folder !== this.#present) {
      this.#clear(); // those of who is not there
      this.#folder = this.#present;
    }
    const added = chosen.map(ownFile);
    this.#set([...this.#files, ...added]);
    await this.#sendAll(arena, added);
  }

  /** Uploads one that was not removed meanwhile. */
  async send(arena: Arena, { id, file }: OwnFile): Promise<void> {
    if (!this.#files.some((each) => each.id === id)) return;
    const folder = this.#folder;
    this.change(id, { state: "uploading", error: "", path: "" });
    const outcome = await upload(arena, folder, file).then(
      (path): Partial<OwnFile> => ({ state: "there", path }),
      (error: Error): Partial<OwnFile> => ({ state: "failed", error: error.message }),
    );
    // Else it is on its way into another folder by now.
    if (folder === this.#folder) this.change(id, outcome);
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

  async #sendAll(arena: Arena, files: readonly OwnFile[]): Promise<void> {
    const sound = files.filter(({ file }) => !whyNot(file));
    await inTurns(
      sound.map((file) => () => this.send(arena, file)),
      AT_ONCE,
    );
  }

  #clear(): void {
    for (const { id } of this.#files) this.remove(id);
  }

  #set(files: readonly OwnFile[]): void {
    this.#files = files;
    this.#isUnsent = true;
    this.#tell();
  }

  #tell(): void {
    this.#seen = this.#folder === this.#present ? this.#files : [];
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

// The browser asks before it closes the page, on whichever route.
globalThis.addEventListener?.("beforeunload", (event) => {
  if (ownFiles.isUnsent) event.preventDefault();
});
