import { queryOptions, useQuery } from "@tanstack/react-query";
import { useId, useLayoutEffect } from "react";
import type { Sample } from "../../config";
import { useConnection } from "../../connection";
import { count } from "../../format";
import { ErrorNote } from "../../parts/error-note";
import { Skeleton } from "../../parts/skeleton";
import { arrayOf } from "../../result/reading";
import type { SourceProps } from "./image-sources";
import { carsIn, type JobImage } from "./job-image";
import { imageOf } from "./parse-images";
import { Thumbnails } from "./thumbnails";
import { useDraft } from "./use-draft";

export function SampleSource({ onChange }: SourceProps) {
  const { config } = useConnection();
  const [draft, setDraft] = useDraft("sample", { name: "", many: 0 });
  const sample = config.samples.find(({ name }) => name === draft.name) ?? config.samples[0];
  if (!sample) return null;
  return (
    <>
      {config.samples.length > 1 && (
        <label className="arena__field">
          Set
          <select value={sample.name} onChange={(event) => setDraft({ name: event.target.value, many: 0 })}>
            {config.samples.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <Chosen
        key={sample.manifest}
        sample={sample}
        many={draft.many}
        onMany={(many) => setDraft({ ...draft, many })}
        onChange={onChange}
      />
    </>
  );
}

interface ChosenProps {
  sample: Sample;
  /** How many of them; 0 is all. */
  many: number;
  onMany: (many: number) => void;
  onChange: (images: readonly JobImage[]) => void;
}

function Chosen({ sample, many, onMany, onChange }: ChosenProps) {
  const id = useId();
  const { data, error, refetch } = useQuery(manifestQuery(sample));
  const used = Math.min(many || Number.POSITIVE_INFINITY, data?.length ?? 0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: onChange is made anew by every drawing of the form
  useLayoutEffect(() => onChange(data?.slice(0, used) ?? []), [data, used]);
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={220} />;
  const images = data.slice(0, used);
  return (
    <>
      <p>
        <strong>{sample.name}</strong>: {count(data.length, "image")}. {sample.note}
      </p>
      <label className="arena__field" htmlFor={id}>
        Use {used} of {data.length}, with {count(carsIn(images), "car")}
        <input
          id={id}
          type="range"
          min={1}
          max={data.length}
          value={used}
          onChange={(event) => onMany(event.target.valueAsNumber)}
        />
      </label>
      <Thumbnails images={images} />
    </>
  );
}

export function manifestQuery({ manifest }: Sample) {
  return queryOptions({ queryKey: ["manifest", manifest], queryFn: () => readManifest(manifest) });
}

async function readManifest(url: string): Promise<JobImage[]> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`The sample's manifest cannot be read: ${url} answers ${answer.status}.`);
  return arrayOf(await answer.json()).map(imageOf);
}
