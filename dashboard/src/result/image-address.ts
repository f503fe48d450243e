/** Where the page finds a job's image. */

/**
 * @param imageBase from where relative paths are served, with or without a slash at its end
 * @returns null for what has no address: a file on the agent's machine, or one in Storage, which signs each look at it
 */
export function imageAddress(path: string, imageBase: string | null): string | null {
  if (/^https?:\/\//i.test(path)) return path;
  if (imageBase === null || path.includes("://")) return null;
  return `${imageBase.replace(/\/+$/, "")}/${path.split("/").map(encodeURIComponent).join("/")}`;
}
