/** Where a job's image can be seen from the page. */
import { useQuery } from "@tanstack/react-query";
import { useConnection } from "../../connection";
import { imageAddress } from "../../result/image-address";
import { numberOf, objectOf } from "../../result/reading";
import type { Arena } from "../../supabase";

export interface ImageUrl {
  url: string | null;
  /** Why there is none. */
  missing: string | null;
}

const SIGNED_FOR_S = 3_600;
const NOT_HERE = "The image lies on the agent's machine; only its boxes are shown.";
const UNREACHABLE = "The image's Storage cannot be reached now; only its boxes are shown.";
const NOT_YOURS = "The image is in a Storage that you may not read; only its boxes are shown.";

export function useImageUrl(path: string): ImageUrl {
  const { supabase, config } = useConnection();
  const stored = /^storage:\/\/([^/]+)\/(.+)$/i.exec(path);
  const { data, error } = useQuery({
    queryKey: ["signed", path],
    enabled: stored !== null,
    staleTime: (SIGNED_FOR_S / 2) * 1_000,
    queryFn: () => signed(supabase, stored?.[1] ?? "", stored?.[2] ?? ""),
  });
  // The last address is good for as long again, so a failed renewal takes nothing away.
  if (stored) return { url: data ?? null, missing: error && !data ? whyNot(error) : null };
  const url = imageAddress(path, config.imageBase);
  return { url, missing: url === null ? NOT_HERE : null };
}

/** Storage answers a refusal with a status; without an answer there is none. */
function whyNot(error: Error): string {
  const status = numberOf(objectOf(error).status);
  return status !== null && status < 500 ? NOT_YOURS : UNREACHABLE;
}

async function signed(supabase: Arena, bucket: string, path: string): Promise<string> {
  const { data, error } = await supabase.storage.from(bucket).createSignedUrl(path, SIGNED_FOR_S);
  if (error) throw error;
  return data.signedUrl;
}
