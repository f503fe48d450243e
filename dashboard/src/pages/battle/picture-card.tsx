import { percent } from "../../format";
import { alone, type Picture, type Seen } from "../../result/pictures";
import type { Shown } from "./gallery";
import { Photograph } from "./photograph";

interface PictureCardProps {
  picture: Picture;
  shown: Shown;
  onOpen: () => void;
}

export function PictureCard({ picture, shown, onOpen }: PictureCardProps) {
  return (
    <article className="picture-card card">
      <button
        type="button"
        className="picture-card__open"
        onClick={onOpen}
        aria-label={`Open ${picture.name}`}
      >
        <Photograph picture={picture} shown={shown} />
      </button>
      <h3 className="picture-card__name">{picture.name}</h3>
      <Counts picture={picture} />
    </article>
  );
}

export function Counts({ picture }: { picture: Picture }) {
  return (
    <dl className="counts">
      <div>
        <dt className="counts__truth">truth</dt>
        <dd>{picture.truthCount}</dd>
      </div>
      <Counted side="a" seen={picture.a} alone={alone(picture, "a")} />
      <Counted side="b" seen={picture.b} alone={alone(picture, "b")} />
    </dl>
  );
}

function Counted({ side, seen, alone: only }: { side: "a" | "b"; seen: Seen | null; alone: number }) {
  return (
    <div>
      <dt className={`counts__${side}`}>{side.toUpperCase()}</dt>
      <dd>
        {seen ? `${seen.count} · ${percent(seen.accuracy, 0)}` : "no result"}
        {only > 0 && <span className="muted"> · {only} alone</span>}
      </dd>
    </div>
  );
}
