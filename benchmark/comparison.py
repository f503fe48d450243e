"""The outcome of a comparison, in the form that is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.box_agreement import BoxAgreement
from benchmark.detection import Detection
from benchmark.verdict import Verdict
from benchmark.warning import ResultWarning

#: Digits kept of boxes and scores in the per-image results; pixels and shares need no more.
_BOX_DIGITS = 1
_SCORE_DIGITS = 4


@dataclass(frozen=True, slots=True)
class ImageResult:
    """What one model made of one image."""

    #: `a` or `b`.
    side: str
    model_id: str
    #: Position in the job's images, from 0.
    image_index: int
    image_path: str
    truth_count: int
    predicted_count: int
    #: Median of the time from encoded bytes to detections, in ms.
    latency_ms: float
    #: Those above the confidence threshold, highest score first.
    detections: tuple[Detection, ...]

    def to_row(self) -> dict[str, Any]:
        """JSON-able; a row of `image_results`."""
        return {
            "side": self.side,
            "model_id": self.model_id,
            "image_index": self.image_index,
            "image_path": self.image_path,
            "truth_count": self.truth_count,
            "predicted_count": self.predicted_count,
            "latency_ms": round(self.latency_ms, 3),
            "detections": [_detection_json(each) for each in self.detections],
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models' metrics, the verdict and the environment."""

    model_a_id: str
    model_b_id: str
    model_a_metrics: Mapping[str, Any]
    model_b_metrics: Mapping[str, Any]
    verdict: Verdict
    #: Of two models with the same weights; None of others.
    agreement: BoxAgreement | None
    warnings: Sequence[ResultWarning]
    environment: Mapping[str, Any]
    images: Sequence[ImageResult]

    @property
    def winner(self) -> str:
        """A model id, or `tie`."""
        return self.verdict.winner

    def to_row(self) -> dict[str, Any]:
        """JSON-able; the columns of `comparison_results` that a comparison fills."""
        return {
            "model_a_id": self.model_a_id,
            "model_b_id": self.model_b_id,
            "model_a_metrics": dict(self.model_a_metrics),
            "model_b_metrics": dict(self.model_b_metrics),
            "winner": self.winner,
            "verdict": self._verdict(),
            "environment": dict(self.environment),
        }

    def _verdict(self) -> dict[str, Any]:
        return self.verdict.to_json() | {
            "agreement": self.agreement.to_json() if self.agreement else None,
            "warnings": [each.to_json() for each in self.warnings],
        }

    def image_rows(self) -> list[dict[str, Any]]:
        """JSON-able; rows of `image_results`, all of side a before all of side b."""
        return [image.to_row() for image in self.images]


def _detection_json(detection: Detection) -> dict[str, Any]:
    return {
        "box": [round(value, _BOX_DIGITS) for value in detection.box],
        "score": round(detection.score, _SCORE_DIGITS),
        "label": detection.label,
    }
