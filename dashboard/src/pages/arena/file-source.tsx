import {
  type DragEvent,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { useConnection, useSession } from "../../connection";
import { Skeleton } from "../../parts/skeleton";
import { useSettings } from "../../settings";
import { BoxEditor } from "./box-editor";
import "./file-source.css";
import type { SourceProps } from "./image-sources";
import { jobImages, NOBODY, type OwnFile, ownFiles } from "./own-files";
import { TYPES, whyNot } from "./upload";

/** Files from this computer, put into Storage, with their cars counted or boxed. */
export function FileSource({ onChange }: SourceProps) {
  const { supabase } = useConnection();
  const settings = useSettings();
  const { user, loading } = useSession();
  const files = useSyncExternalStore(ownFiles.listen, ownFiles.all);
  const may = user ? settings?.allow_uploads : settings?.allow_anon_uploads;
  const images = jobImages(files);
  // Before the first paint, for nobody shall see another one's pictures.
  useLayoutEffect(() => {
    if (!loading) ownFiles.belongTo(supabase, user?.id ?? NOBODY);
  }, [supabase, user, loading]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: onChange is made anew by every drawing of the form
  useEffect(() => onChange(images ?? []), [files]);
  if (!settings) return <Skeleton height={120} />;
  if (!may) return <NoUploads isSignedIn={user !== null} allowsUsers={settings.allow_uploads} />;
  return (
    <div className="stack">
      <DropZone onFiles={(chosen) => void ownFiles.add(supabase, chosen)} />
      <ul className="own-files">
        {files.map((file) => (
          <li key={file.id}>
            <OwnFileCard file={file} onRetry={() => void ownFiles.send(supabase, file)} />
          </li>
        ))}
      </ul>
      {!images && (
        <p className="muted">Each image needs its upload and a count before the battle can start.</p>
      )}
    </div>
  );
}

function NoUploads({ isSignedIn, allowsUsers }: { isSignedIn: boolean; allowsUsers: boolean }) {
  const { config } = useConnection();
  if (!isSignedIn && allowsUsers && config.signIn !== "off")
    return (
      <p>
        <a href="#/sign-in">Sign in</a> to upload images: they are kept in a folder of your own.
      </p>
    );
  return (
    <p>
      This arena takes {allowsUsers ? "uploads of its users alone" : "no uploads"}. Its owner can allow more
      with <code>arena migrate --policy {allowsUsers ? "anon_uploads" : "uploads"}</code>. Until then, paste
      addresses.
    </p>
  );
}

function DropZone({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const id = useId();
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onFiles([...event.dataTransfer.files]);
  };
  return (
    <section
      aria-label="Your own files"
      className={over ? "drop-zone drop-zone--over" : "drop-zone"}
      onDrop={onDrop}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
    >
      <label htmlFor={id}>Drop images here, or choose them:</label>
      <input
        id={id}
        ref={input}
        type="file"
        multiple
        accept={Object.keys(TYPES).join(",")}
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
    </section>
  );
}

interface OwnFileCardProps {
  file: OwnFile;
  onRetry: () => void;
}

function OwnFileCard({ file, onRetry }: OwnFileCardProps) {
  const [drawing, setDrawing] = useState(false);
  const id = useId();
  const name = file.file.name;
  return (
    <article className="own-file card">
      {drawing ? (
        <BoxEditor
          name={name}
          url={file.preview}
          boxes={file.boxes}
          onChange={(boxes) => ownFiles.draw(file.id, boxes)}
        />
      ) : (
        <Preview url={file.preview} name={name} />
      )}
      <div className="stack">
        <h3>{name}</h3>
        <p role="status" className={file.state === "failed" ? "arena__problem" : "muted small"}>
          {{ uploading: "uploading…", there: "uploaded", failed: `Not uploaded. ${file.error}` }[file.state]}
        </p>
        <div className="row">
          <label htmlFor={id}>Cars in it</label>
          <input
            id={id}
            type="number"
            min={0}
            max={10_000}
            className="own-file__count"
            value={file.cars ?? ""}
            readOnly={file.boxes.length > 0}
            onChange={(event) =>
              ownFiles.change(file.id, {
                cars: Number.isInteger(event.target.valueAsNumber) ? event.target.valueAsNumber : null,
              })
            }
          />
          <button
            type="button"
            className="button button--small"
            aria-expanded={drawing}
            onClick={() => setDrawing(!drawing)}
          >
            {drawing ? "Done drawing" : "Draw boxes"}
          </button>
          {file.state === "failed" && !whyNot(file.file) && (
            <button type="button" className="button button--small" onClick={onRetry}>
              Upload again
            </button>
          )}
          <button
            type="button"
            className="button button--small"
            onClick={() => ownFiles.remove(file.id)}
            aria-label={`Remove ${name}`}
          >
            Remove
          </button>
        </div>
      </div>
    </article>
  );
}

function Preview({ url, name }: { url: string; name: string }) {
  const [unseen, setUnseen] = useState(false);
  if (unseen) return <p className="own-file__unseen small muted">No preview: this browser cannot show it.</p>;
  return <img src={url} alt={name} onError={() => setUnseen(true)} />;
}
