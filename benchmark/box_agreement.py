"""Whether two runtimes of the same weights find the same cars."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmark.detection import Detection
from benchmark.measure.agreement import BOX_TOLERANCE_PX, SCORE_TOLERANCE


@dataclass(frozen=True, slots=True)
class BoxAgreement:
    """What two models with the same weights found above the threshold, over all images."""

    found_a: int
    found_b: int
    #: Found by both: of one class, no corner coordinate and no score further apart than the tolerances.
    matched: int
    #: Found by one alone, but with a score that is at the threshold within the tolerance.
    at_threshold: int
    #: Among those matched; 0 where there are none.
    largest_box_difference_px: float
    largest_score_difference: float
    box_tolerance_px: float = BOX_TOLERANCE_PX
    score_tolerance: float = SCORE_TOLERANCE

    @property
    def agrees(self) -> bool:
        """Whether they differ in nothing but detections at the threshold."""
        return 2 * self.matched + self.at_threshold == self.found_a + self.found_b

    def to_json(self) -> dict[str, Any]:
        """`verdict.agreement` of the result."""
        return asdict(self) | {"agrees": self.agrees}


def box_agreement(
    found_a: Sequence[Sequence[Detection]], found_b: Sequence[Sequence[Detection]], confidence: float
) -> BoxAgreement:
    """Of what was found in each image with a score above `confidence`."""
    pairs: list[tuple[Detection, Detection]] = []
    alone: list[Detection] = []
    for of_a, of_b in zip(found_a, found_b, strict=True):
        of_image, left = _pair(of_a, of_b)
        pairs += of_image
        alone += left
    return BoxAgreement(
        found_a=sum(map(len, found_a)),
        found_b=sum(map(len, found_b)),
        matched=len(pairs),
        at_threshold=sum(each.score <= confidence + SCORE_TOLERANCE for each in alone),
        largest_box_difference_px=max((_box_difference(*pair) for pair in pairs), default=0.0),
        largest_score_difference=max((abs(p.score - q.score) for p, q in pairs), default=0.0),
    )


def _pair(
    found_a: Sequence[Detection], found_b: Sequence[Detection]
) -> tuple[list[tuple[Detection, Detection]], list[Detection]]:
    """Those that both found, each with the closest of the other's, and the rest."""
    left, pairs, alone = list(found_b), [], []
    for detection in found_a:
        twins = [other for other in left if _same(detection, other)]
        if twins:
            twin = min(twins, key=lambda other: _box_difference(detection, other))
            left.remove(twin)
            pairs.append((detection, twin))
        else:
            alone.append(detection)
    return pairs, alone + left


def _same(one: Detection, other: Detection) -> bool:
    return (
        one.label == other.label
        and abs(one.score - other.score) <= SCORE_TOLERANCE
        and _box_difference(one, other) <= BOX_TOLERANCE_PX
    )


def _box_difference(one: Detection, other: Detection) -> float:
    """Largest of the four corner coordinates, in pixels."""
    return max(abs(p - q) for p, q in zip(one.box, other.box, strict=True))
