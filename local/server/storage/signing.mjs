/** Signed addresses, of one file and of several. Lite has a route for several, but the one for one file hides it. */

/** What may not be seen and what is not there are not told apart. */
const UNKNOWN = "Either the object does not exist or you do not have access to it";

/** The name that clients look for, from below `/storage/v1`. */
export async function signed(response) {
  if (!response.ok) return response;
  const { signedUrl } = await response.json();
  return Response.json({ signedURL: signedUrl.replace("/storage/v1", "") });
}

/** @param {(request: Request) => Promise<Response>} fetch Lite's answer */
export async function signedOneByOne(request, fetch) {
  const { expiresIn, paths } = await request.json().catch(() => ({}));
  if (!Array.isArray(paths) || !(expiresIn > 0)) return refused("body must have the properties expiresIn and paths");
  const answers = await Promise.all(paths.map((path) => signedOne(request, String(path), expiresIn, fetch)));
  // What is wrong beside that is so for all of them.
  const fault = answers.find(({ statusCode }) => statusCode && statusCode !== "404");
  return fault ? Response.json(fault, { status: 400 }) : Response.json(answers.map((each, at) => element(paths[at], each)));
}

async function signedOne({ url, headers }, path, expiresIn, fetch) {
  const names = path.split("/");
  // They would lead to another address.
  if (names.some((name) => [".", ".."].includes(name))) return { statusCode: "404" };
  const address = `${url.replace(/\/?$/, "/")}${names.map(encodeURIComponent).join("/")}`;
  const asked = { method: "POST", headers, body: JSON.stringify({ expiresIn }) };
  const answer = await signed(await fetch(new Request(address, asked)));
  return answer.ok ? answer.json() : { statusCode: String(answer.status), ...(await answer.json()) };
}

function element(path, { signedURL = null }) {
  return { path, error: signedURL ? null : UNKNOWN, signedURL };
}

function refused(message) {
  return Response.json({ statusCode: "400", error: "Error", message }, { status: 400 });
}
