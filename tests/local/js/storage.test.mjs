/** Storage of the local stack through supabase-js, as the dashboard uses it. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

// The packages live with the server, which is not above this folder.
const require = createRequire(new URL("../../../local/server/package.json", import.meta.url));
const { createClient } = require("@supabase/supabase-js");

const { STACK_URL: url, STACK_KEY: key, MARK: mark } = process.env;
const client = createClient(url, key, { auth: { persistSession: false, autoRefreshToken: false } });
const photos = client.storage.from("photos");
const file = (text, type) => new File([text], "street.jpg", { type });

async function text(blob) {
  return blob && (await blob.text());
}

test("a file of a form is put, found, read and signed", async () => {
  const name = `anon/${mark}/street.jpg`;
  const put = await photos.upload(name, file("street", "image/jpeg"), { cacheControl: "60" });
  assert.equal(put.error, null);
  assert.equal(put.data.path, name);
  assert.equal(await text((await photos.download(name)).data), "street");
  const { data: found } = await photos.list(`anon/${mark}`);
  assert.deepEqual(found.map((each) => [each.name, each.metadata.mimetype]), [["street.jpg", "image/jpeg"]]);
  const { data: signed } = await photos.createSignedUrl(name, 60);
  const answer = await fetch(signed.signedUrl);
  assert.equal(await answer.text(), "street");
  assert.equal(answer.headers.get("content-type"), "image/jpeg");
});

test("several files are signed at once", async () => {
  const names = [`anon/${mark}/one of many.jpg`, `anon/${mark}/absent.jpg`];
  await photos.upload(names[0], file("one", "image/jpeg"));
  const { data, error } = await photos.createSignedUrls(names, 60);
  assert.equal(error, null);
  assert.deepEqual(data.map((each) => each.path), names);
  assert.equal(await text(await (await fetch(data[0].signedUrl)).blob()), "one");
  assert.match(data[1].error, /does not exist or you do not have access/);
  assert.equal(data[1].signedUrl, null);
});

test("bytes without a form are put as well", async () => {
  const name = `anon/${mark}/bytes.png`;
  const put = await photos.upload(name, new TextEncoder().encode("bytes"), { contentType: "image/png" });
  assert.equal(put.error, null);
  assert.equal(await text((await photos.download(name)).data), "bytes");
});

test("refusals come in the server's words", async () => {
  const name = `anon/${mark}/refused.jpg`;
  const wrong = await photos.upload(name, file("<p>", "text/html"));
  assert.match(wrong.error.message, /mime type text\/html is not supported/);
  const large = await photos.upload(name, file("x".repeat(1001), "image/jpeg"));
  assert.match(large.error.message, /maximum allowed size of 1000 bytes/);
  const elsewhere = await photos.upload(`${mark}.jpg`, file("x", "image/jpeg"));
  assert.match(elsewhere.error.message, /row-level security/);
  assert.equal((await photos.download(name)).data, null);
});

test("what one may not remove stays", async () => {
  const name = `anon/${mark}/stays.jpg`;
  await photos.upload(name, file("stays", "image/jpeg"));
  assert.deepEqual((await photos.remove([name])).data, []);
  assert.equal(await text((await photos.download(name)).data), "stays");
});
