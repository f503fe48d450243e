import { type DragEvent, useEffect, useId, useReducer, useRef, useState } from "react";
import { useConnection, useSession } from "../../connection";
import type { Box } from "../../result/pictures";
import { BoxEditor } from "./box-editor";
import "./file-source.css";
import type { SourceProps } from "./image-sources";
import type { JobImage } from "./job-image";
import { randomId } from "./submit-job";
import { inTurns, TYPES, upload, whyNot } from "./upload";

export interface OwnFile {
  id: string;
  file: File;
  /** An address of this page's, to look at it. */
  preview: string;
  state: "uploading" | "there" | "failed";
  error: string;
  /** Its image_path, once it is there. */
  path: string;
  cars: number | null;
  boxes: readonly Box[];
}

type Action =
  | { kind: "add"; files: OwnFile[] }
  | { kind: "change"; id: string; to: Partial<OwnFile> }
  | { kind: "remove"; id: string };

const AT_ONCE = 3;

function reduce(files: OwnFile[], action: Action): OwnFile[] {
  if (action.kind === "add") return [...files, ...action.files];
  if (action.kind === "remove") return files.filter(({ id }) => id !== action.id);
  return files.map((file) => (file.id === action.id ? { ...file, ...action.to } : file));
}

/** Files from this computer, put into Storage, with their cars counted or boxed. */
export function FileSource({ settings, onChange }: SourceProps) {
  const { supabase } = useConnection();
  const { user } = useSession();
  const [files, dispatch] = useReducer(reduce, []);
  const may = user ? settings?.allow_uploads : settings?.allow_anon_uploads;
  const images = files.flatMap(imageOf);
  const isReady = images.length === files.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: onChange is made anew by every drawing of the form
  useEffect(() => onChange(isReady ? images : []), [files]);
  const send = async ({ id, file }: OwnFile) => {
    dispatch({ kind: "change", id, to: { state: "uploading", error: "" } });
    try {
      dispatch({
        kind: "change",
        id,
        to: { state: "there", path: await upload(supabase, user?.id ?? "anon", file) },
      });
    } catch (error) {
      dispatch({ kind: "change", id, to: { state: "failed", error: (error as Error).message } });
    }
  };
  const add = (chosen: File[]) => {
    const added = chosen.map(ownFile);
    dispatch({ kind: "add", files: added });
    void inTurns(
      added.filter(({ state }) => state === "uploading").map((file) => () => send(file)),
      AT_ONCE,
    );
  };
  if (!may) return <NoUploads isSignedIn={user !== null} allowsUsers={settings?.allow_uploads ?? false} />;
  return (
    <div className="stack">
      <DropZone onFiles={add} />
      <ul className="own-files">
        {files.map((file) => (
          <li key={file.id}>
            <OwnFileCard
              file={file}
              onChange={(to) => dispatch({ kind: "change", id: file.id, to })}
              onRemove={() => {
                URL.revokeObjectURL(file.preview);
                dispatch({ kind: "remove", id: file.id });
              }}
              onRetry={() => void send(file)}
            />
          </li>
        ))}
      </ul>
      {files.length > 0 && !isReady && (
        <p className="muted">Each image needs its upload and a count before the battle can start.</p>
      )}
    </div>
  );
}

function ownFile(file: File): OwnFile {
  const refused = whyNot(file);
  return {
    id: randomId(),
    file,
    preview: URL.createObjectURL(file),
    state: refused ? "failed" : "uploading",
    error: refused ?? "",
    path: "",
    cars: null,
    boxes: [],
  };
}

function imageOf({ path, cars, boxes }: OwnFile): JobImage[] {
  if (path === "" || cars === null) return [];
  return [{ image_path: path, car_count: cars, ...(boxes.length > 0 ? { boxes: [...boxes] } : {}) }];
}

function NoUploads({ isSignedIn, allowsUsers }: { isSignedIn: boolean; allowsUsers: boolean }) {
  if (!isSignedIn && allowsUsers)
    return (
      <p>
        <a href="#/sign-in">Sign in</a> to upload images: they are kept in a folder of your own.
      </p>
    );
  return (
    <p>
      This arena takes no uploads. Its owner can allow them with <code>arena migrate --policy uploads</code>.
      Until then, paste addresses.
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
  onChange: (to: Partial<OwnFile>) => void;
  onRemove: () => void;
  onRetry: () => void;
}

function OwnFileCard({ file, onChange, onRemove, onRetry }: OwnFileCardProps) {
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
          onChange={(boxes) => onChange({ boxes, cars: boxes.length })}
        />
      ) : (
        <img src={file.preview} alt={name} />
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
              onChange({
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
            onClick={onRemove}
            aria-label={`Remove ${name}`}
          >
            Remove
          </button>
        </div>
      </div>
    </article>
  );
}
