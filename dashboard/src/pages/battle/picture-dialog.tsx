import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import type { Picture } from "../../result/pictures";
import type { Shown } from "./gallery";
import { Photograph } from "./photograph";
import { Counts } from "./picture-card";

interface PictureDialogProps {
  picture: Picture;
  shown: Shown;
  switches: ReactNode;
  /** One image on (1) or back (-1). */
  onMove: (step: number) => void;
  onClose: () => void;
}

/** One image as large as the window; the arrow keys go on and back, Escape closes. */
export function PictureDialog({ picture, shown, switches, onMove, onClose }: PictureDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (key === "ArrowRight") onMove(1);
    if (key === "ArrowLeft") onMove(-1);
  };
  return (
    <dialog
      ref={dialog}
      className="picture-dialog"
      aria-label={picture.name}
      onClose={onClose}
      onKeyDown={onKeyDown}
    >
      <div className="picture-dialog__bar row">
        <h2 className="picture-card__name">{picture.name}</h2>
        <button type="button" className="button button--small" onClick={() => onMove(-1)}>
          Previous
        </button>
        <button type="button" className="button button--small" onClick={() => onMove(1)}>
          Next
        </button>
        <button type="button" className="button button--small" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <Photograph key={picture.index} picture={picture} shown={shown} />
      <div className="picture-dialog__bar row">
        <Counts picture={picture} />
        {switches}
      </div>
    </dialog>
  );
}
