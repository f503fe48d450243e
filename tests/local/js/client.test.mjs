/** The local stack through supabase-js, as the dashboard uses it (protocol version 2.0.0). */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, test } from "node:test";

// The packages live with the server, which is not above this folder.
const require = createRequire(new URL("../../../local/server/package.json", import.meta.url));
const { createClient } = require("@supabase/supabase-js");

const { STACK_URL: url, STACK_KEY: key } = process.env;
const clients = [];

after(() => Promise.all(clients.map((client) => client.removeAllChannels())));

function newClient() {
  const client = createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false, storageKey: `client-${clients.length}` },
  });
  clients.push(client);
  return client;
}

async function newUser() {
  const client = newClient();
  const email = `${crypto.randomUUID()}@example.com`;
  const { data, error } = await client.auth.signUp({ email, password: "correct horse battery staple" });
  assert.equal(error, null);
  return { client, id: data.user.id };
}

/** Changes as an endless queue, and a promise of the server's word that they are delivered. */
function listen(client, binding) {
  const changes = [];
  const waiting = [];
  const systems = [];
  const channel = client.channel(crypto.randomUUID());
  channel.on("postgres_changes", binding, (change) => (waiting.shift() ?? changes.push.bind(changes))(change));
  channel.on("system", {}, ({ message }) => systems.shift()?.(message));
  const delivering = () => new Promise((resolve) => systems.push(resolve));
  const first = delivering();
  channel.subscribe();
  const next = () =>
    changes.length > 0 ? Promise.resolve(changes.shift()) : new Promise((resolve) => waiting.push(resolve));
  return { channel, delivering, first, next };
}

const things = { event: "*", schema: "public", table: "things" };

test("rows are inserted, selected and counted", async () => {
  const mark = crypto.randomUUID();
  const client = newClient();
  const inserted = await client.from("things").insert({ mark, details: { a: 1 } }).select("mark, details").single();
  assert.deepEqual(inserted.data, { mark, details: { a: 1 } });
  const { count } = await client.from("things").select("*", { count: "exact", head: true }).eq("mark", mark);
  assert.equal(count, 1);
});

test("functions are called, and refusals have PostgREST's codes", async () => {
  const client = newClient();
  assert.equal((await client.rpc("add", { a: 2, b: 3 })).data, 5);
  assert.equal((await client.from("ungranted").select()).error.code, "42501");
  assert.equal((await client.from("missing").select()).error.code, "PGRST205");
});

test("inserts, updates and deletes arrive", async () => {
  const mark = crypto.randomUUID();
  const client = newClient();
  const { first, next } = listen(client, { ...things, filter: `mark=eq.${mark}` });
  const deletes = listen(client, { ...things, event: "DELETE" });
  assert.equal(await first, "Subscribed to PostgreSQL");
  assert.equal(await deletes.first, "Subscribed to PostgreSQL");

  const { data: row } = await client.from("things").insert({ mark, amount: 1, tags: ["a"] }).select().single();
  const inserted = await next();
  assert.deepEqual([inserted.eventType, inserted.errors], ["INSERT", null]);
  assert.deepEqual([inserted.new.id, inserted.new.amount, inserted.new.tags], [row.id, 1, ["a"]]);

  await client.from("things").update({ amount: 2 }).eq("id", row.id);
  const updated = await next();
  assert.deepEqual([updated.eventType, updated.new.amount, updated.old], ["UPDATE", 2, { id: row.id }]);

  await client.from("things").delete().eq("id", row.id);
  let deleted;
  do deleted = await deletes.next();
  while (deleted.old.id !== row.id);
  assert.equal(deleted.eventType, "DELETE");
});

test("two users hear of their own rows only", async () => {
  const [alice, bob] = await Promise.all([newUser(), newUser()]);
  const heard = [alice, bob].map(({ client }) => listen(client, { ...things, table: "notes" }));
  await Promise.all(heard.map(({ first }) => first));
  for (const [user, body] of [[alice, "a1"], [bob, "b1"], [alice, "a2"], [bob, "b2"]]) {
    const { error } = await user.client.from("notes").insert({ body });
    assert.equal(error, null);
  }
  for (const [at, bodies] of [[0, ["a1", "a2"]], [1, ["b1", "b2"]]])
    assert.deepEqual([(await heard[at].next()).new.body, (await heard[at].next()).new.body], bodies);
  const seen = await alice.client.from("notes").select("body").order("body");
  assert.deepEqual(seen.data, [{ body: "a1" }, { body: "a2" }]);
});

test("a channel comes back after the server closed its socket", async () => {
  const mark = crypto.randomUUID();
  const client = newClient();
  const { delivering, first, next } = listen(client, { ...things, filter: `mark=eq.${mark}` });
  await first;
  const again = delivering();
  client.realtime.socketAdapter.socket.conn.send("no frame: the server closes the socket");
  assert.equal(await again, "Subscribed to PostgreSQL");
  await client.from("things").insert({ mark });
  assert.equal((await next()).new.mark, mark);
});

test("a join with a bad token is refused with the reason", async () => {
  const client = newClient();
  await client.realtime.setAuth("not.a.token");
  const channel = client.channel("refused");
  channel.on("postgres_changes", things, () => {});
  const error = await new Promise((resolve) => {
    channel.subscribe((status, cause) => status === "CHANNEL_ERROR" && resolve(cause));
  });
  assert.match(error.message, /MalformedJWT/);
});
