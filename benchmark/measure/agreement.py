"""Whether a model found the same thing when it saw an image again."""

from collections.abc import Sequence

from benchmark.detection import Detection
from benchmark.model import Query

#: What rounding alone may do to a box, in pixels, and to a score.
_BOX_TOLERANCE = 1.0
_SCORE_TOLERANCE = 0.01


def agree(found: Sequence[Detection], expected: Sequence[Detection]) -> bool:
    """As many detections, each where the other has one; their order does not matter."""
    left = list(expected)
    for detection in found:
        twin = next((index for index, other in enumerate(left) if _same(detection, other)), None)
        if twin is None:
            return False
        del left[twin]
    return not left


def kept(query: Query, found: Sequence[Detection]) -> list[Detection]:
    """Those of `found` that the query keeps."""
    return [each for each in found if each.score > query.confidence and each.label in query.classes]


def _same(one: Detection, other: Detection) -> bool:
    if one.label != other.label or abs(one.score - other.score) > _SCORE_TOLERANCE:
        return False
    return all(abs(p - q) <= _BOX_TOLERANCE for p, q in zip(one.box, other.box, strict=True))
