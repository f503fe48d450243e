/** State that survives a reload of the page, in this tab. */
import { useEffect, useState } from "react";

export function useDraft<T extends object>(name: string, initial: T): [T, (next: T) => void] {
  const key = `arena.draft.${name}`;
  const [value, setValue] = useState<T>(() => ({ ...initial, ...kept(key) }));
  useEffect(() => {
    try {
      sessionStorage.setItem(key, JSON.stringify(value));
    } catch {
      // Storage is forbidden, or full: the draft lives as long as the page.
    }
  }, [key, value]);
  return [value, setValue];
}

function kept(key: string): object {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "{}") as object;
  } catch {
    return {};
  }
}
