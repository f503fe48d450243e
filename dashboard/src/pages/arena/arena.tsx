import { type RefObject, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useConnection } from "../../connection";
import { count } from "../../format";
import { useLiveQuery } from "../../live/use-live-query";
import { ErrorNote } from "../../parts/error-note";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import "./arena.css";
import { type ArenaData, arenaQuery, readArena } from "./arena-data";
import { ImageSources } from "./image-sources";
import { carsIn, type JobImage } from "./job-image";
import { ModelPicker } from "./model-picker";
import { choices, firstPair, isOffered, whyPairWaits } from "./models";
import { type BattleOptions, DEFAULT_OPTIONS } from "./options";
import { OptionsFields } from "./options-fields";
import { ownFiles } from "./own-files";
import { type Place, placeOf, randomId, submitJob, type WantedJob } from "./submit-job";
import { useDraft } from "./use-draft";

/** Choose two models and images, and start. */
export default function Arena() {
  const { supabase } = useConnection();
  const { data, error, refetch } = useLiveQuery({
    key: arenaQuery(supabase).queryKey,
    tables: ["agents"],
    read: (signal) => readArena(supabase, signal),
  });
  return (
    <Page
      title="Which of two vision models should I ship?"
      lead="Both run on the same images, in turn, on your hardware. You see who counts better, who is faster, and how sure that is."
    >
      {error && !data && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {data ? <Form data={data} /> : !error && <Skeleton height="70rem" />}
    </Page>
  );
}

function Form({ data }: { data: ArenaData }) {
  const [models, setModels] = useDraft("models", { a: "", b: "" });
  const [options, setOptions] = useDraft<BattleOptions>("options", DEFAULT_OPTIONS);
  const [images, setImages] = useState<readonly JobImage[]>([]);
  const { submit, busy, error } = useSubmit();
  const all = choices(data.models);
  const [first = "", second = first] = firstPair(all, data.agents);
  const a = isOffered(models.a, all) ? models.a : first;
  const b = isOffered(models.b, all) ? models.b : second;
  const form = useRef<HTMLFormElement>(null);
  useFocusOnRefused(form, error);
  const at = (place: Place) => (error && placeOf(error) === place ? error : null);
  return (
    <form
      ref={form}
      className="arena"
      onSubmit={(event) => {
        event.preventDefault();
        void submit({ modelA: a, modelB: b, images, options });
      }}
    >
      <div className="arena__ring">
        <ModelPicker
          side="a"
          value={a}
          choices={all}
          agents={data.agents}
          error={at("model_a")}
          onChange={(id) => setModels({ ...models, a: id })}
        />
        <span className="arena__versus" aria-hidden="true">
          vs
        </span>
        <ModelPicker
          side="b"
          value={b}
          choices={all}
          agents={data.agents}
          error={at("model_b")}
          onChange={(id) => setModels({ ...models, b: id })}
        />
      </div>
      <Waiting a={a} b={b} data={data} />
      <ImageSources error={at("images")} onChange={setImages} />
      <OptionsFields value={options} error={at("options")} onChange={setOptions} />
      {at("form") && <ErrorNote error={at("form") as Error} />}
      <div className="arena__start row">
        <button
          type="submit"
          className="button button--primary arena__button"
          disabled={busy || images.length === 0}
        >
          {busy ? "Starting…" : "Start the battle"}
        </button>
        <span className="muted">
          {images.length === 0
            ? "Choose at least one image."
            : `${count(images.length, "image")} with ${count(carsIn(images), "car")}.`}
        </span>
      </div>
    </form>
  );
}

function useSubmit() {
  const { supabase } = useConnection();
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const [last, setLast] = useState({ job: "", key: "" });
  const submit = async (job: WantedJob) => {
    // The same job sent again has the same key, so that a lost answer makes no second one.
    const text = JSON.stringify(job);
    const key = last.job === text ? last.key : randomId();
    setLast({ job: text, key });
    setBusy(true);
    setError(null);
    try {
      const id = await submitJob(supabase, job, key);
      ownFiles.wereSent(job.images);
      navigate(`/battle/${id}`);
    } catch (refused) {
      setError(refused as Error);
    } finally {
      setBusy(false);
    }
  };
  return { submit, busy, error };
}

const CONTROLS: Record<Place, string> = {
  model_a: '[name="model-a"]:checked',
  model_b: '[name="model-b"]:checked',
  images: '[role="tabpanel"] :is(textarea, input, select)',
  options: '.arena__options [aria-invalid="true"]',
  form: ".arena__button",
};

/** Whoever uses the keyboard goes on at what the database refused. */
function useFocusOnRefused(form: RefObject<HTMLFormElement | null>, error: Error | null): void {
  useEffect(() => {
    if (!error) return;
    const controls = form.current?.querySelectorAll<HTMLElement>(CONTROLS[placeOf(error)]) ?? [];
    // Sources that are not shown keep their controls.
    [...controls].find((control) => control.checkVisibility())?.focus();
  }, [form, error]);
}

/** What a job of these two would wait for. */
function Waiting({ a, b, data }: { a: string; b: string; data: ArenaData }) {
  if (data.agents.length === 0)
    return <p className="muted">No agent is running: the battle waits until one does.</p>;
  return (
    <p className="muted arena__waiting">
      {whyPairWaits(a, b, data.agents)}{" "}
      {a !== "" && a === b && "A model against itself should come out as a tie: a good check of the arena."}
    </p>
  );
}
