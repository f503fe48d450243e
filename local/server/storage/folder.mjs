/** Where the files of Storage are: a driver for @supabase/lite. */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";

/** Files by the hash of their bucket and key, so that no key can lead out of the folder. */
export class FolderStorage {
  driver = "folder";
  #folder;

  constructor(folder) {
    this.#folder = folder;
  }

  async uploadObject(bucket, key, _version, body, contentType, cacheControl) {
    await mkdir(this.#folder, { recursive: true });
    const place = this.#place(bucket, key);
    const bytes = body instanceof Uint8Array ? body : await collected(body);
    const eTag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`;
    await replace(place, bytes);
    await replace(`${place}.json`, JSON.stringify({ mimetype: contentType, cacheControl, eTag }));
    return { ...(await this.headObject(bucket, key)), httpStatusCode: 200 };
  }

  async headObject(bucket, key) {
    const place = this.#place(bucket, key);
    const [{ size, mtime }, said] = await Promise.all([stat(place), readFile(`${place}.json`, "utf8")]);
    return { ...JSON.parse(said), size, contentLength: size, lastModified: mtime };
  }

  async getObject(bucket, key, _version, headers = {}) {
    const metadata = await this.headObject(bucket, key);
    if (headers.ifNoneMatch === metadata.eTag) return { metadata, httpStatusCode: 304 };
    const body = Readable.toWeb(createReadStream(this.#place(bucket, key)));
    return { metadata, httpStatusCode: 200, body };
  }

  async deleteObject(bucket, key) {
    const place = this.#place(bucket, key);
    await Promise.all([rm(place, { force: true }), rm(`${place}.json`, { force: true })]);
  }

  async deleteObjects(bucket, keys) {
    await Promise.all(keys.map((key) => this.deleteObject(bucket, key)));
  }

  async copyObject(bucket, key, _version, toBucket, toKey) {
    const [from, to] = [this.#place(bucket, key), this.#place(toBucket, toKey)];
    await Promise.all([copyFile(from, to), copyFile(`${from}.json`, `${to}.json`)]);
    const { eTag, lastModified } = await this.headObject(toBucket, toKey);
    return { eTag, lastModified, httpStatusCode: 200 };
  }

  async privateAssetUrl(bucket, key) {
    return `file://${this.#place(bucket, key)}`;
  }

  #place(bucket, key) {
    return join(this.#folder, createHash("sha256").update(`${bucket}\0${key}`).digest("hex"));
  }
}

async function collected(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Whoever reads meanwhile sees the old file or the new one; of two who write at once, one. */
async function replace(place, content) {
  const draft = `${place}.${randomUUID()}`;
  await writeFile(draft, content);
  await rename(draft, place);
}
