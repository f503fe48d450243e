import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useConnection } from "../../connection";
import { count } from "../../format";
import { ErrorNote } from "../../parts/error-note";
import { Skeleton } from "../../parts/skeleton";
import { pictures } from "../../result/pictures";
import { type BattleImages, readImages } from "./battle-data";
import "./gallery.css";
import { PictureCard } from "./picture-card";
import { PictureDialog } from "./picture-dialog";
import type { Names } from "./result-view";

/** Whose boxes are drawn. */
export interface Shown {
  truth: boolean;
  a: boolean;
  b: boolean;
}

const PAGE = 12;

export function Gallery({ jobId, names }: { jobId: string; names: Names }) {
  const { supabase } = useConnection();
  const { data, error, refetch } = useQuery({
    queryKey: ["images", jobId],
    queryFn: ({ signal }) => readImages(supabase, jobId, signal),
    staleTime: Number.POSITIVE_INFINITY, // a result never changes
  });
  return (
    <section className="stack" aria-labelledby="images">
      <h2 id="images">Image by image</h2>
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={480} />}
      {data && data.rows.length === 0 && (
        <p className="muted">
          The images of this battle are seen by who started it alone. The figures above are everybody's.
        </p>
      )}
      {data && data.rows.length > 0 && <Pictures images={data} names={names} />}
    </section>
  );
}

function Pictures({ images, names }: { images: BattleImages; names: Names }) {
  const all = useMemo(() => pictures(images.rows, images.images), [images]);
  const [shown, setShown] = useState<Shown>({ truth: true, a: true, b: true });
  const [many, setMany] = useState(PAGE);
  const [open, setOpen] = useState<number | null>(null);
  const opened = open === null ? undefined : all[open];
  return (
    <>
      <p className="muted">
        {count(all.length, "image")}, those that the models disagree on most first: how far apart they
        counted, then the cars that only one of them found.
      </p>
      <Switches shown={shown} onChange={setShown} names={names} />
      <ul className="gallery">
        {all.slice(0, many).map((picture, position) => (
          <li key={picture.index}>
            <PictureCard picture={picture} shown={shown} onOpen={() => setOpen(position)} />
          </li>
        ))}
      </ul>
      {many < all.length && (
        <button type="button" className="button" onClick={() => setMany(many + 4 * PAGE)}>
          Show more
        </button>
      )}
      {opened && (
        <PictureDialog
          picture={opened}
          shown={shown}
          switches={<Switches shown={shown} onChange={setShown} names={names} />}
          onMove={(step) => setOpen(((open ?? 0) + step + all.length) % all.length)}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}

function Switches({
  shown,
  onChange,
  names,
}: {
  shown: Shown;
  onChange: (shown: Shown) => void;
  names: Names;
}) {
  const all = [
    ["truth", "Truth"],
    ["a", `A: ${names.a}`],
    ["b", `B: ${names.b}`],
  ] as const;
  return (
    <fieldset className="gallery__switches">
      <legend className="visually-hidden">Whose boxes are drawn</legend>
      {all.map(([key, label]) => (
        <label key={key} className={`gallery__switch gallery__switch--${key}`}>
          <input
            type="checkbox"
            checked={shown[key]}
            onChange={() => onChange({ ...shown, [key]: !shown[key] })}
          />
          <svg width="38" height="26" aria-hidden="true">
            <rect x="4" y="4" width="30" height="18" className={`outline outline--${key} outline--casing`} />
            <rect x="4" y="4" width="30" height="18" className={`outline outline--${key}`} />
          </svg>
          {label}
        </label>
      ))}
    </fieldset>
  );
}
