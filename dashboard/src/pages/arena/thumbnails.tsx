import { useConnection } from "../../connection";
import { imageAddress } from "../../result/image-address";
import { imageName } from "../../result/image-name";
import type { JobImage } from "./job-image";

const MOST = 12;

/** The first of the images, small. One that cannot be shown here may still be shown to the agent. */
export function Thumbnails({ images }: { images: readonly JobImage[] }) {
  const { config } = useConnection();
  return (
    <ul className="thumbnails" aria-label="The first images">
      {images.slice(0, MOST).map((image, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same address may stand there twice
        <li key={`${index} ${image.image_path}`}>
          <img
            src={imageAddress(image.image_path, config.imageBase) ?? undefined}
            alt={imageName(image.image_path)}
            loading="lazy"
            referrerPolicy="no-referrer"
          />
          <span>{image.car_count}</span>
        </li>
      ))}
      {images.length > MOST && <li className="thumbnails__more">+{images.length - MOST}</li>}
    </ul>
  );
}
