"""What the terminal's table says of each metric, in its order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.advantage import COMPOSITE, MEASURES, Row, Scale, Standing, standing


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of the table."""

    name: str
    label: str
    unit: str
    #: Of a ratio, what the better one is: "faster" says how much more it gets done, "less" how much less it takes.
    word: str = ""

    @property
    def scale(self) -> Scale:
        """How its differences are said."""
        return MEASURES[self.name].scale


GROUPS: Mapping[str, tuple[Metric, ...]] = {
    "overall": (Metric(COMPOSITE, "score", "of 100"),),
    "quality": (
        Metric("accuracy", "count accuracy", "%"),
        Metric("exact_count", "exact counts", "%"),
        Metric("f1_score", "F1", "%"),
        Metric("ap50", "AP50", "%"),
        Metric("ap50_95", "AP50-95", "%"),
        Metric("count_mae", "count error", "cars"),
    ),
    "speed": (
        Metric("speed_ms", "speed, median", "ms", "faster"),
        Metric("latency_ms", "latency, p90", "ms", "faster"),
        Metric("throughput_fps", "throughput", "img/s", "more"),
    ),
    "memory": (
        Metric("memory_mb", "memory, peak", "MiB", "less"),
        Metric("memory_above_empty_mb", "above empty", "MiB", "less"),
        Metric("gpu_memory_mb", "GPU memory", "MiB", "less"),
    ),
    "energy": (
        Metric("energy_j_per_image", "energy", "J/image", "less"),
        Metric("carbon_g_per_1k_images", "carbon", "g/1k img", "less"),
        Metric("green_score", "green score", ""),
    ),
}


def lines(row: Row, group: str) -> Iterator[tuple[Metric, Standing]]:
    """Those of a group of which there is a figure of either model."""
    for metric in GROUPS[group]:
        if found := standing(row, metric.name):
            yield metric, found
