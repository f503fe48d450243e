/** `/storage/v1`: the Storage of @supabase/lite, held to what hosted Supabase does. */
import { jwtVerify } from "jose";

import { foldersAndFiles, wholeFolder } from "./listing.mjs";
import { signed, signedOneByOne } from "./signing.mjs";

/** As hosted Supabase grants them; the policies decide. */
export const STORAGE_GRANTS = `
  grant usage on schema storage to anon, authenticated, service_role;
  grant all on storage.buckets, storage.objects to anon, authenticated, service_role;
`;

const OBJECT = "/storage/v1/object/";
const SIGN = `${OBJECT}sign/`;
const SEVERAL = /^\/storage\/v1\/object\/sign\/[^/]+\/?$/;
const LIST = `${OBJECT}list/`;
const UPLOAD = /^\/storage\/v1\/object\/(upload\/sign\/|(?!sign\/|upload\/|list\/|info\/)[^/]+\/)./;

/**
 * @param {(request: Request) => Promise<Response>} fetch Lite's answer
 * @param {string} secret of the project's tokens
 */
export async function answerAsHosted(request, fetch, secret) {
  const { pathname } = new URL(request.url);
  const does = (method, prefix) => request.method === method && pathname.startsWith(prefix);
  if (does("GET", SIGN)) return (await refusedSignature(request, secret)) ?? fetch(request);
  if (does("POST", SIGN) && SEVERAL.test(pathname)) return signedOneByOne(request, fetch);
  if (does("POST", SIGN)) return signed(await fetch(request));
  if (does("POST", LIST)) return listed(request, fetch);
  if (["POST", "PUT"].includes(request.method) && UPLOAD.test(pathname)) return fetch(await unpacked(request));
  return fetch(addressed(request));
}

async function refusedSignature(request, secret) {
  const token = new URL(request.url).searchParams.get("token") ?? "";
  try {
    await jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ["HS256"] });
    return null;
  } catch ({ message }) {
    return Response.json({ statusCode: "400", error: "InvalidJWT", message }, { status: 400 });
  }
}

async function listed(request, fetch) {
  const wanted = await request.json();
  const { url, method, headers } = request;
  const response = await fetch(new Request(url, { method, headers, body: JSON.stringify(wholeFolder(wanted)) }));
  return response.ok ? Response.json(foldersAndFiles(await response.json(), wanted)) : response;
}

/** Hosted Storage knows a second address for what is not public. */
function addressed(request) {
  const url = request.url.replace(`${OBJECT}authenticated/`, OBJECT);
  return url === request.url ? request : new Request(url, request);
}

/** Lite takes the file itself, and trusts its announced size for the limit of the bucket. */
async function unpacked(request) {
  const headers = new Headers(request.headers);
  const body = await fileOf(request, headers);
  headers.set("content-length", body.byteLength);
  return new Request(request.url, { method: request.method, headers, body });
}

/** The bytes; a browser's come as a form, whose field of the file has no name. */
async function fileOf(request, headers) {
  if (!headers.get("content-type")?.startsWith("multipart/form-data")) return request.arrayBuffer();
  const form = await request.formData();
  const file = [...form.values()].find((value) => typeof value !== "string") ?? new Blob();
  headers.set("content-type", file.type || "application/octet-stream");
  if (form.has("cacheControl")) headers.set("cache-control", `max-age=${form.get("cacheControl")}`);
  return file.arrayBuffer();
}
