import { type KeyboardEvent, useState } from "react";
import { useConnection } from "../../connection";
import { ErrorNote } from "../../parts/error-note";
import { FileSource } from "./file-source";
import type { JobImage } from "./job-image";
import { PasteSource } from "./paste-source";
import { SampleSource } from "./sample-source";
import { useDraft } from "./use-draft";

export interface SourceProps {
  onChange: (images: readonly JobImage[]) => void;
}

interface ImageSourcesProps extends SourceProps {
  error: Error | null;
}

const ALL = { sample: "Sample images", paste: "Paste addresses", files: "Your own files" } as const;
type Source = keyof typeof ALL;

/** Three ways to give images; the one that is shown counts. */
export function ImageSources({ error, onChange }: ImageSourcesProps) {
  const { config } = useConnection();
  const offered = (Object.keys(ALL) as Source[]).filter(
    (source) => source !== "sample" || config.samples.length > 0,
  );
  const [draft, setDraft] = useDraft<{ source: Source }>("source", { source: offered[0] ?? "paste" });
  const source = offered.includes(draft.source) ? draft.source : (offered[0] ?? "paste");
  // Each source keeps what it has while another one is looked at.
  const [kept, setKept] = useState<Partial<Record<Source, readonly JobImage[]>>>({});
  const choose = (next: Source) => {
    setDraft({ source: next });
    onChange(kept[next] ?? []);
  };
  const changed = (of: Source) => (images: readonly JobImage[]) => {
    setKept((before) => ({ ...before, [of]: images }));
    if (of === source) onChange(images);
  };
  return (
    <section className="arena__images stack" aria-labelledby="images-heading">
      <h2 id="images-heading">Images</h2>
      <Tabs offered={offered} source={source} onChoose={choose} />
      <div
        role="tabpanel"
        id={`images-${source}`}
        aria-labelledby={`tab-${source}`}
        aria-describedby={error ? "images-error" : undefined}
        className="card stack"
      >
        {source === "sample" && <SampleSource onChange={changed("sample")} />}
        {source === "paste" && <PasteSource onChange={changed("paste")} />}
        <div hidden={source !== "files"}>
          <FileSource onChange={changed("files")} />
        </div>
      </div>
      {error && <ErrorNote error={error} id="images-error" />}
    </section>
  );
}

function Tabs({
  offered,
  source,
  onChoose,
}: {
  offered: Source[];
  source: Source;
  onChoose: (source: Source) => void;
}) {
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = offered[(offered.indexOf(source) + step + offered.length) % offered.length] as Source;
    onChoose(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div role="tablist" aria-label="Where the images come from" className="arena__tabs" onKeyDown={onKeyDown}>
      {offered.map((each) => (
        <button
          key={each}
          id={`tab-${each}`}
          type="button"
          role="tab"
          aria-selected={each === source}
          aria-controls={each === source ? `images-${each}` : undefined}
          tabIndex={each === source ? 0 : -1}
          onClick={() => onChoose(each)}
        >
          {ALL[each]}
        </button>
      ))}
    </div>
  );
}
