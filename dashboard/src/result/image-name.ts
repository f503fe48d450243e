/** How an image is called on the page. The agent calls it the same in logs, errors and results. */

const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/^([^:/?#]*:\/\/)[^/?#]*@/, "$1***@"],
  [/^(https?:\/\/[^?#]*)#.+/is, "$1#***"],
  [/^([^?]*)\?.+/s, "$1?***"], // also where the https:// was forgotten
  // In an address within the address.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#'"]*@/gi, "$1***@"],
  [/\b(sb_(?:secret|publishable)_)[\w-]+/g, "$1***"],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, "***"],
];

/** The path without password and query: who looks over a shoulder could open a signed address, too. */
export function imageName(path: string): string {
  return SECRETS.reduce((name, [secret, instead]) => name.replace(secret, instead), path);
}
