/** Where a job's image can be seen from the page. */
import { useQuery } from "@tanstack/react-query";
import { useConnection } from "../../connection";
import type { Arena } from "../../supabase";

export interface ImageUrl {
  url: string | null;
  /** Why there is none. */
  missing: string | null;
}

const SIGNED_FOR_S = 3_600;
const NOT_HERE = "The image lies on the agent's machine; only its boxes are shown.";
const NOT_YOURS = "The image is in a Storage that you may not read; only its boxes are shown.";

export function useImageUrl(path: string): ImageUrl {
  const { supabase, config } = useConnection();
  const stored = /^storage:\/\/([^/]+)\/(.+)$/i.exec(path);
  const { data, isError } = useQuery({
    queryKey: ["signed", path],
    enabled: stored !== null,
    staleTime: (SIGNED_FOR_S / 2) * 1_000,
    queryFn: () => signed(supabase, stored?.[1] ?? "", stored?.[2] ?? ""),
  });
  if (stored) return { url: data ?? null, missing: isError ? NOT_YOURS : null };
  if (/^https?:\/\//i.test(path)) return { url: path, missing: null };
  if (config.imageBase === null) return { url: null, missing: NOT_HERE };
  return { url: config.imageBase + path.split("/").map(encodeURIComponent).join("/"), missing: null };
}

async function signed(supabase: Arena, bucket: string, path: string): Promise<string> {
  const { data, error } = await supabase.storage.from(bucket).createSignedUrl(path, SIGNED_FOR_S);
  if (error) throw error;
  return data.signedUrl;
}
