import { useState } from "react";
import { type Box, isPoint, type Picture } from "../../result/pictures";
import type { Shown } from "./gallery";
import { useImageUrl } from "./use-image-url";

interface Size {
  width: number;
  height: number;
}

/** Where neither photograph nor box tells how large the image is, in pixels. */
const UNKNOWN: Size = { width: 640, height: 480 };
const MOST_BOXES = 300;

/** An image with the boxes over it; the boxes alone where the image cannot be shown. */
export function Photograph({ picture, shown }: { picture: Picture; shown: Shown }) {
  const image = useImageUrl(picture.path);
  const [size, setSize] = useState<Size | null>(null);
  const [brokenUrl, setBrokenUrl] = useState<string | null>(null);
  const broken = image.url !== null && brokenUrl === image.url;
  const { width, height } = size ?? extent(picture);
  const layers = layersOf(picture, shown);
  return (
    <span className="photograph">
      {image.url && !broken && (
        <img
          src={image.url}
          alt={picture.description}
          loading="lazy"
          decoding="async"
          referrerPolicy="no-referrer"
          onLoad={({ currentTarget }) =>
            setSize({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })
          }
          onError={() => setBrokenUrl(image.url)}
        />
      )}
      {(size || broken || image.missing) && (
        <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
          {layers.map(({ of, boxes }) => (
            <Outlines key={of} of={`${of} outline--casing`} boxes={boxes} size={width} />
          ))}
          {layers.map(({ of, boxes }) => (
            <Outlines key={of} of={of} boxes={boxes} size={width} />
          ))}
        </svg>
      )}
      {(broken || image.missing) && (
        <span className="photograph__note">{image.missing ?? "The image cannot be loaded."}</span>
      )}
    </span>
  );
}

/** What is drawn, the lowest first. */
function layersOf(picture: Picture, shown: Shown): { of: keyof Shown; boxes: readonly Box[] }[] {
  const found = (side: "a" | "b") => picture[side]?.found.map(({ box }) => box) ?? [];
  const all = [
    { of: "a", boxes: found("a") },
    { of: "b", boxes: found("b") },
    { of: "truth", boxes: picture.truthBoxes ?? [] },
  ] as const;
  return all
    .filter(({ of }) => shown[of])
    .map(({ of, boxes }) => ({ of, boxes: boxes.slice(0, MOST_BOXES) }));
}

function Outlines({ of, boxes, size }: { of: string; boxes: readonly Box[]; size: number }) {
  return boxes.map((box, index) => {
    const className = `outline outline--${of}`;
    // Two boxes may have the same numbers, and none ever moves: its place is its key.
    const key = `${of} ${index}`;
    if (isPoint(box)) return <circle key={key} className={className} cx={box[0]} cy={box[1]} r={size / 60} />;
    return (
      <rect
        key={key}
        className={className}
        x={box[0]}
        y={box[1]}
        width={box[2] - box[0]}
        height={box[3] - box[1]}
      />
    );
  });
}

function extent(picture: Picture): Size {
  const boxes = [
    ...(picture.truthBoxes ?? []),
    ...[picture.a, picture.b].flatMap((seen) => seen?.found.map(({ box }) => box) ?? []),
  ];
  if (boxes.length === 0) return UNKNOWN;
  return {
    width: 1.05 * Math.max(1, ...boxes.map((box) => box[2])),
    height: 1.05 * Math.max(1, ...boxes.map((box) => box[3])),
  };
}
