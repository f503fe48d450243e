import { type PointerEvent, useRef, useState } from "react";
import type { Box } from "../../result/pictures";
import { boxBetween, middleBox, type Point } from "./boxes";

interface BoxEditorProps {
  name: string;
  url: string;
  boxes: readonly Box[];
  onChange: (boxes: readonly Box[]) => void;
}

const CORNERS = ["left", "top", "right", "bottom"] as const;

/** Draws boxes on an image with mouse, pen or finger; numbers beside it do the same with the keyboard. */
export function BoxEditor({ name, url, boxes, onChange }: BoxEditorProps) {
  const image = useRef<HTMLImageElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [unseen, setUnseen] = useState(false);
  const [from, setFrom] = useState<Point | null>(null);
  const [to, setTo] = useState<Point | null>(null);
  const at = (event: PointerEvent): Point => {
    const place = event.currentTarget.getBoundingClientRect();
    return {
      x: ((event.clientX - place.left) / place.width) * size.width,
      y: ((event.clientY - place.top) / place.height) * size.height,
    };
  };
  const drawn = from && to ? boxBetween(from, to, size.width, size.height) : null;
  const letGo = () => {
    setFrom(null);
    setTo(null);
  };
  const finish = () => {
    if (drawn) onChange([...boxes, drawn]);
    letGo();
  };
  if (unseen)
    return (
      <p className="muted">
        This browser cannot show the image, so no boxes can be drawn on it. A TIFF is shown by few browsers;
        the agent reads it all the same. Give the number of cars, or convert it to JPEG or PNG.
      </p>
    );
  return (
    <div className="box-editor">
      <div
        className="box-editor__stage"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setFrom(at(event));
        }}
        onPointerMove={(event) => from && setTo(at(event))}
        onPointerUp={finish}
        onPointerCancel={letGo}
      >
        <img
          ref={image}
          src={url}
          alt={`${name}: drag over each car to box it`}
          draggable={false}
          onError={() => setUnseen(true)}
          onLoad={({ currentTarget }) =>
            setSize({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })
          }
        />
        {size.width > 0 && (
          <svg viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
            {[...boxes, ...(drawn ? [drawn] : [])].map((box, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two boxes may have the same numbers
              <g key={index}>
                <Outline box={box} look="outline--casing" />
                <Outline box={box} look="" />
              </g>
            ))}
          </svg>
        )}
      </div>
      <BoxList boxes={boxes} onChange={onChange} />
      <button
        type="button"
        className="button button--small"
        disabled={size.width === 0}
        onClick={() => onChange([...boxes, middleBox(size.width, size.height)])}
      >
        Add a box in the middle
      </button>
    </div>
  );
}

function Outline({ box, look }: { box: Box; look: string }) {
  return (
    <rect
      className={`outline outline--truth ${look}`}
      x={box[0]}
      y={box[1]}
      width={box[2] - box[0]}
      height={box[3] - box[1]}
    />
  );
}

function BoxList({ boxes, onChange }: Pick<BoxEditorProps, "boxes" | "onChange">) {
  const change = (index: number, corner: number, value: number) =>
    onChange(
      boxes.map((box, at) =>
        at === index ? (box.map((each, i) => (i === corner ? value : each)) as unknown as Box) : box,
      ),
    );
  return (
    <ol className="box-editor__list">
      {boxes.map((box, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a box is known by its place; its numbers change while they are typed
        <li key={index} className="row">
          {CORNERS.map((corner, i) => (
            <label key={corner} className="small">
              {corner}{" "}
              <input
                type="number"
                min={0}
                value={box[i]}
                aria-label={`Box ${index + 1}, ${corner}, in pixels`}
                onChange={(event) => change(index, i, event.target.valueAsNumber || 0)}
              />
            </label>
          ))}
          <button
            type="button"
            className="button button--small"
            aria-label={`Delete box ${index + 1}`}
            onClick={() => onChange(boxes.filter((_, at) => at !== index))}
          >
            Delete
          </button>
        </li>
      ))}
    </ol>
  );
}
