import { useEffect, useId, useMemo } from "react";
import { count } from "../../format";
import { useSettings } from "../../settings";
import type { SourceProps } from "./image-sources";
import { carsIn } from "./job-image";
import { parseImages } from "./parse-images";
import { Thumbnails } from "./thumbnails";
import { useDraft } from "./use-draft";

const MOST_PROBLEMS = 5;

export function PasteSource({ onChange }: SourceProps) {
  const settings = useSettings();
  const id = useId();
  const [draft, setDraft] = useDraft("paste", { text: "" });
  const { images, problems } = useMemo(() => parseImages(draft.text), [draft.text]);
  // Nothing is left out in silence: with a line that is not understood there is no battle yet.
  const isGood = problems.length === 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: onChange is made anew by every drawing of the form
  useEffect(() => onChange(isGood ? images : []), [images, isGood]);
  return (
    <>
      <label className="arena__field" htmlFor={id}>
        One image a line: its address, a comma, how many cars there are. Or a whole manifest.json.
      </label>
      <textarea
        id={id}
        rows={7}
        spellCheck={false}
        placeholder={"https://example.com/street.jpg, 4\nhttps://example.com/empty.jpg, 0"}
        value={draft.text}
        aria-invalid={!isGood}
        aria-describedby={`${id}-said`}
        onChange={(event) => setDraft({ text: event.target.value })}
      />
      <div id={`${id}-said`} className="arena__said" role="status">
        {problems.slice(0, MOST_PROBLEMS).map(({ place, message }) => (
          <p key={place} className="arena__problem">
            {place} {message}
          </p>
        ))}
        {problems.length > MOST_PROBLEMS && (
          <p className="arena__problem">and {problems.length - MOST_PROBLEMS} more</p>
        )}
        {isGood && images.length > 0 && (
          <p>
            {count(images.length, "image")} with {count(carsIn(images), "car")}.
          </p>
        )}
      </div>
      {settings?.allow_http_images === false && draft.text.includes("http://") && (
        <p className="small">This arena takes https:// addresses only.</p>
      )}
      <Thumbnails images={images} />
    </>
  );
}
