/** One image of a job, as the database takes it. */
import type { Box } from "../../result/pictures";

export interface JobImage {
  image_path: string;
  car_count: number;
  description?: string;
  /** In pixels of the upright image. */
  boxes?: Box[];
}

export function carsIn(images: readonly JobImage[]): number {
  return images.reduce((sum, image) => sum + image.car_count, 0);
}
