/** The list of a folder: Lite answers all that is below it, hosted Storage the folder's own files and folders. */

const DEFAULT_LIMIT = 100;

/** What to ask of Lite. The page is cut from what comes, for many files may make one folder. */
export function wholeFolder({ prefix = "", sortBy }) {
  const folder = folderOf(prefix);
  return { prefix: folder, ...(sortBy && { sortBy }) };
}

/** @param {{name: string}[]} objects in order, with whole names */
export function foldersAndFiles(objects, { prefix = "", search = "", offset = 0, limit = DEFAULT_LIMIT }) {
  const start = folderOf(prefix).length;
  const entries = new Map();
  for (const object of objects) {
    const [name, ...below] = object.name.slice(start).split("/");
    if (name.startsWith(search) && !entries.has(name)) entries.set(name, below.length > 0 ? folder(name) : { ...object, name });
  }
  return [...entries.values()].slice(offset, offset + limit);
}

function folderOf(prefix) {
  return prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
}

function folder(name) {
  return { name, id: null, updated_at: null, created_at: null, last_accessed_at: null, metadata: null };
}
