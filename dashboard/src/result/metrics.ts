/** The metrics that the page shows, and what each of them means. The agent's report says the same. */
import { number } from "../format";
import { COMPOSITE } from "./advantage";

export interface Metric {
  name: string;
  label: string;
  meaning: string;
  form: (value: number) => string;
}

export interface MetricGroup {
  title: string;
  /** What differences are in. */
  unit: string;
  metrics: readonly Metric[];
}

const share = (value: number) => `${(100 * value).toFixed(1)} %`;
const withUnit = (unit: string) => (value: number) => `${number(value)} ${unit}`;

export const SCORE: Metric = {
  name: COMPOSITE,
  label: "Score",
  meaning:
    "The weighted mean that decides the winner, in points of 100: accuracy itself, and of speed, energy and memory " +
    "the better model's figure over this one's.",
  form: (value) => (100 * value).toFixed(1),
};

const F1_BY_COUNTS = "Balance of cars missed and cars made up over all images, by their number alone.";

export const GROUPS: readonly MetricGroup[] = [
  {
    title: "How well it counts",
    unit: "percentage points",
    metrics: [
      {
        name: "accuracy",
        label: "Count accuracy",
        meaning:
          "How close the number of cars comes to the true one, from 0 % to 100 %: one minus the relative error, mean " +
          "over the images.",
        form: share,
      },
      {
        name: "exact_count",
        label: "Counted exactly right",
        meaning: "Share of the images in which the number of cars is right to the car.",
        form: share,
      },
      {
        name: "f1_score",
        label: "F1",
        meaning:
          "Balance of cars missed and cars made up over all images; a box counts where it overlaps a true one by half " +
          "(IoU 0.5).",
        form: share,
      },
      {
        name: "ap50",
        label: "AP50",
        meaning: "Average precision over all confidence thresholds at IoU 0.5, as COCO defines it.",
        form: share,
      },
      {
        name: "ap50_95",
        label: "AP50–95",
        meaning: "The same, mean over IoU 0.5 to 0.95: how tightly the boxes fit.",
        form: share,
      },
    ],
  },
  {
    title: "How far off it is",
    unit: "cars",
    metrics: [
      {
        name: "count_mae",
        label: "Count error",
        meaning: "By how many cars the number is wrong, mean over the images.",
        form: withUnit("cars"),
      },
    ],
  },
  {
    title: "How fast it is",
    unit: "times better",
    metrics: [
      {
        name: "speed_ms",
        label: "Speed, median",
        meaning:
          "Milliseconds for one image at a time, from the decoded image to the boxes; half of the predictions were " +
          "faster.",
        form: withUnit("ms"),
      },
      {
        name: "latency_ms",
        label: "Latency, p90",
        meaning: "Milliseconds from the encoded file to the boxes that nine in ten predictions stay below.",
        form: withUnit("ms"),
      },
      {
        name: "throughput_fps",
        label: "Throughput",
        meaning: "Images per second when they come in batches, as in work through an archive.",
        form: withUnit("images/s"),
      },
    ],
  },
  {
    title: "What it costs",
    unit: "times better",
    metrics: [
      {
        name: "memory_mb",
        label: "Memory, peak",
        meaning: "Most memory (MiB) that the model's process held, libraries included.",
        form: withUnit("MiB"),
      },
      {
        name: "gpu_memory_mb",
        label: "GPU memory, peak",
        meaning: "Most memory (MiB) that it reserved on the GPU.",
        form: withUnit("MiB"),
      },
      {
        name: "energy_j_per_image",
        label: "Energy",
        meaning: "Joules per image while it works in batches.",
        form: withUnit("J/image"),
      },
      {
        name: "carbon_g_per_1k_images",
        label: "Carbon",
        meaning: "Grams of CO₂ equivalent per 1,000 images, with the electricity of the country named below.",
        form: withUnit("g/1,000"),
      },
    ],
  },
  {
    title: "Taken together",
    unit: "points of 100",
    metrics: [
      SCORE,
      {
        name: "green_score",
        label: "Green score",
        meaning:
          "Accuracy per gram of CO₂ and second, on a log scale from 0 to 100; 14 points are a factor of ten.",
        form: (value) => value.toFixed(1),
      },
    ],
  },
];

export const METRICS: readonly Metric[] = GROUPS.flatMap((group) => group.metrics);

/** What a metric means in a comparison; F1 depends on whether there were boxes. */
export function meaningOf(metric: Metric, f1Basis: string): string {
  return metric.name === "f1_score" && f1Basis === "counts" ? F1_BY_COUNTS : metric.meaning;
}
