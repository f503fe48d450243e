"""Whether two lists of detections say the same within a tolerance."""

from collections.abc import Sequence

from benchmark.detection import Detection


def unmatched(
    one: Sequence[Detection], other: Sequence[Detection], box_tolerance: float, score_tolerance: float
) -> list[Detection]:
    """Those of either list that have no partner in the other: of its class, each corner (pixels) and score as near."""
    left, alone = list(other), []
    for detection in one:
        partners = [each for each in left if _near(detection, each, box_tolerance, score_tolerance)]
        if partners:
            left.remove(min(partners, key=lambda each: _apart(detection, each)))
        else:
            alone.append(detection)
    return alone + left


def _near(one: Detection, other: Detection, box_tolerance: float, score_tolerance: float) -> bool:
    same = one.label == other.label and abs(one.score - other.score) <= score_tolerance
    return same and _apart(one, other) <= box_tolerance


def _apart(one: Detection, other: Detection) -> float:
    return max(abs(p - q) for p, q in zip(one.box, other.box, strict=True))
