/** `/storage/v1`: the Storage of @supabase/lite with its files in a folder, held to what supabase-js expects. */
import { createHash } from "node:crypto";
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

/** As hosted Supabase grants them; the policies decide. */
export const STORAGE_GRANTS = `
  grant usage on schema storage to anon, authenticated, service_role;
  grant all on storage.buckets, storage.objects to anon, authenticated, service_role;
`;

/** Lite answers `request` as hosted Supabase's Storage would. @param {(request: Request) => Promise<Response>} fetch */
export async function asHosted(request, fetch) {
  const response = await fetch(await unpacked(addressed(request)));
  const isSigning = request.method === "POST" && new URL(request.url).pathname.startsWith(SIGN);
  return isSigning && response.ok ? signed(response) : response;
}

const SIGN = "/storage/v1/object/sign/";

/** Hosted Storage knows a second address for what is not public. */
function addressed(request) {
  const url = request.url.replace("/storage/v1/object/authenticated/", "/storage/v1/object/");
  return url === request.url ? request : new Request(url, request);
}

/** Lite takes the file itself, and trusts its announced size for the limit of the bucket. */
async function unpacked(request) {
  if (!["POST", "PUT"].includes(request.method) || !UPLOAD.test(new URL(request.url).pathname)) return request;
  const headers = new Headers(request.headers);
  const body = await fileOf(request, headers);
  headers.set("content-length", body.byteLength);
  return new Request(request.url, { method: request.method, headers, body });
}

const UPLOAD = /^\/storage\/v1\/object\/(upload\/sign\/|(?!sign\/|upload\/|list\/|info\/)[^/]+\/)./;

/** The bytes; a browser's come as a form, whose field of the file has no name. */
async function fileOf(request, headers) {
  if (!headers.get("content-type")?.startsWith("multipart/form-data")) return request.arrayBuffer();
  const form = await request.formData();
  const file = [...form.values()].find((value) => typeof value !== "string") ?? new Blob();
  headers.set("content-type", file.type || "application/octet-stream");
  if (form.has("cacheControl")) headers.set("cache-control", `max-age=${form.get("cacheControl")}`);
  return file.arrayBuffer();
}

/** The name that clients look for, from below `/storage/v1`. */
async function signed(response) {
  const { signedUrl } = await response.json();
  return Response.json({ signedURL: signedUrl.replace("/storage/v1", "") });
}

async function collected(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Whoever reads meanwhile sees the old file or the new one. */
async function replace(place, content) {
  await writeFile(`${place}.new`, content);
  await rename(`${place}.new`, place);
}
