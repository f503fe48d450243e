/** Where the arena's Supabase project is, and what its owner offers on the page. */

export type SignIn = "off" | "optional" | "required";

export interface Sample {
  name: string;
  /** Address of a manifest.json: an array of {image_path, car_count, boxes?}. */
  manifest: string;
  note?: string;
}

export interface Config {
  url: string;
  key: string;
  /** Relative image paths are shown from here; none where nothing serves them. */
  imageBase: string | null;
  samples: Sample[];
  signIn: SignIn;
}

export class ConfigMissing extends Error {
  constructor(reason: string) {
    super(
      `The page does not know its Supabase project: ${reason}. Put a config.json with supabaseUrl and publishableKey ` +
        "beside index.html, or build with VITE_SUPABASE_URL and VITE_SUPABASE_PUBLISHABLE_KEY.",
    );
  }
}

interface ConfigFile {
  supabaseUrl?: string;
  publishableKey?: string;
  imageBase?: string;
  samples?: Sample[];
  signIn?: SignIn;
}

/** config.json goes before what was built in. Throws ConfigMissing. */
export async function loadConfig(): Promise<Config> {
  const file = await readFile();
  const built: ConfigFile = {
    supabaseUrl: import.meta.env.VITE_SUPABASE_URL,
    publishableKey: import.meta.env.VITE_SUPABASE_PUBLISHABLE_KEY,
  };
  return parseConfig({ ...withoutBlanks(built), ...withoutBlanks(file) }, window.location.origin);
}

export function parseConfig(file: ConfigFile, origin: string): Config {
  const key = file.publishableKey?.trim();
  if (!key) throw new ConfigMissing("no publishable key is set");
  if (isSecret(key))
    throw new ConfigMissing(
      "publishableKey holds a secret key, which everybody who opens the page could read",
    );
  const said = file.supabaseUrl ?? "/";
  const url = said.startsWith("/") ? origin + said : said;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw new ConfigMissing(`supabaseUrl is "${url}", which is no https:// address`);
  return {
    url: url.replace(/\/+$/, ""),
    key,
    imageBase: file.imageBase ?? null,
    samples: file.samples ?? [],
    signIn: file.signIn ?? "optional",
  };
}

/** A secret key, or a JSON Web Token of any role but that of strangers: of older projects' kind, or an agent's. */
function isSecret(key: string): boolean {
  if (key.startsWith("sb_secret_")) return true;
  try {
    const claims = atob((key.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    return (JSON.parse(claims) as { role?: string }).role !== "anon";
  } catch {
    return false; // no token
  }
}

async function readFile(): Promise<ConfigFile> {
  const answer = await fetch("./config.json").catch(() => null);
  // Hosts of single pages answer any address with index.html.
  if (!answer?.ok || !answer.headers.get("content-type")?.includes("json")) return {};
  try {
    return (await answer.json()) as ConfigFile;
  } catch {
    throw new ConfigMissing("config.json is not valid JSON");
  }
}

function withoutBlanks(file: ConfigFile): ConfigFile {
  return Object.fromEntries(Object.entries(file).filter(([, value]) => value !== undefined && value !== ""));
}
