"""Whether a model found the same thing when it saw an image again."""

from collections.abc import Sequence

from benchmark.detection import Detection
from benchmark.model import Query

#: What rounding alone may do to a box, in pixels of the original image, and to a score.
BOX_TOLERANCE_PX = 1.0
SCORE_TOLERANCE = 0.01


def agree(query: Query, found: Sequence[Detection], expected: Sequence[Detection]) -> bool:
    """Each detection where the other has one, in any order; at the query's threshold one may be missing."""
    left, alone = kept(query, expected), []
    for detection in kept(query, found):
        twin = next((index for index, other in enumerate(left) if _same(detection, other)), None)
        if twin is None:
            alone.append(detection)
        else:
            del left[twin]
    return all(each.score <= query.confidence + SCORE_TOLERANCE for each in (*left, *alone))


def kept(query: Query, found: Sequence[Detection]) -> list[Detection]:
    """Those of `found` that the query keeps."""
    return [each for each in found if each.score > query.confidence and each.label in query.classes]


def _same(one: Detection, other: Detection) -> bool:
    if one.label != other.label or abs(one.score - other.score) > SCORE_TOLERANCE:
        return False
    return all(abs(p - q) <= BOX_TOLERANCE_PX for p, q in zip(one.box, other.box, strict=True))
