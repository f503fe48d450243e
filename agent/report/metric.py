"""The metrics that the report shows, and what each of them means."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.advantage import COMPOSITE, MEASURES, Scale


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of the report."""

    name: str
    label: str
    meaning: str
    form: Callable[[float], str]
    #: What it means where boxes were not compared.
    by_counts: str = ""

    @property
    def scale(self) -> Scale:
        """How its differences are said."""
        return MEASURES[self.name].scale


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _with(unit: str) -> Callable[[float], str]:
    return lambda value: f"{significant(value)} {unit}"


def significant(value: float) -> str:
    """Three significant digits, thousands apart, and never in powers of ten: `0.0312`, `12.3`, `1,240`."""
    if value == 0:
        return "0"
    magnitude = abs(value)
    if magnitude >= 99.95:
        return f"{value:,.0f}"
    decimals = next((count for limit, count in ((9.995, 1), (0.9995, 2), (0.09995, 3)) if magnitude >= limit), 4)
    return f"{value:.{decimals}f}" if magnitude >= 0.0001 else f"{value:.1e}"


SCORE = Metric(
    COMPOSITE,
    "Score",
    "The weighted mean that decides the winner, in points of 100: accuracy itself, and of speed, energy "
    "and memory the better model's figure over this one's.",
    lambda value: f"{100 * value:.1f}",
)

GROUPS: tuple[tuple[str, str, tuple[Metric, ...]], ...] = (
    (
        "How well it counts",
        "percentage points",
        (
            Metric(
                "accuracy",
                "Count accuracy",
                "How close the number of cars comes to the true one, from 0 % to 100 %: one minus the relative error, "
                "mean over the images.",
                _share,
            ),
            Metric(
                "exact_count",
                "Counted exactly right",
                "Share of the images in which the number of cars is right to the car.",
                _share,
            ),
            Metric(
                "f1_score",
                "F1",
                "Balance of cars missed and cars made up over all images; a box counts where it overlaps a true one by "
                "half (IoU 0.5).",
                _share,
                by_counts="Balance of cars missed and cars made up over all images, by their number alone.",
            ),
            Metric(
                "ap50",
                "AP50",
                "Average precision over all confidence thresholds at IoU 0.5, as COCO defines it.",
                _share,
            ),
            Metric(
                "ap50_95",
                "AP50–95",
                "The same, mean over IoU 0.5 to 0.95: how tightly the boxes fit.",
                _share,
            ),
        ),
    ),
    (
        "How far off it is",
        "cars",
        (
            Metric(
                "count_mae",
                "Count error",
                "By how many cars the number is wrong, mean over the images.",
                _with("cars"),
            ),
        ),
    ),
    (
        "How fast it is",
        "times better",
        (
            Metric(
                "speed_ms",
                "Speed, median",
                "Milliseconds for one image at a time, from the decoded image to the boxes; half of the predictions "
                "were faster.",
                _with("ms"),
            ),
            Metric(
                "latency_ms",
                "Latency, p90",
                "Milliseconds from the encoded file to the boxes that nine in ten predictions stay below.",
                _with("ms"),
            ),
            Metric(
                "throughput_fps",
                "Throughput",
                "Images per second when they come in batches, as in work through an archive.",
                _with("images/s"),
            ),
        ),
    ),
    (
        "What it costs",
        "times better",
        (
            Metric(
                "memory_mb",
                "Memory, peak",
                "Most memory (MiB) that the model's process held, libraries included.",
                _with("MiB"),
            ),
            Metric(
                "gpu_memory_mb",
                "GPU memory, peak",
                "Most memory (MiB) that it reserved on the GPU.",
                _with("MiB"),
            ),
            Metric(
                "energy_j_per_image",
                "Energy",
                "Joules per image while it works in batches.",
                _with("J/image"),
            ),
            Metric(
                "carbon_g_per_1k_images",
                "Carbon",
                "Grams of CO₂ equivalent per 1,000 images, with the electricity of the country named below.",
                _with("g/1,000"),
            ),
        ),
    ),
    (
        "Taken together",
        "points of 100",
        (
            SCORE,
            Metric(
                "green_score",
                "Green score",
                "Accuracy per gram of CO₂ and second, on a log scale from 0 to 100; 14 points are a factor of ten.",
                lambda value: f"{value:.1f}",
            ),
        ),
    ),
)
