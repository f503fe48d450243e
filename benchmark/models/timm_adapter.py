"""Image classifiers of the timm package, which count cars by peaks of their exact class activation map.

Where a network ends with global average pooling and one linear layer, the two can change places: the layer applied to
each position of the feature map gives scores of the classes there, and their mean is what the network says of the
whole image (Zhou et al., 2016, arXiv:1512.04150). So the map is no reading of the network from outside, it is the
network. The probability of a car at each position is taken from it, and each of its peaks is counted as a car.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image as Pillow
from timm.data.config import resolve_data_config
from timm.data.transforms import str_to_pil_interp

from benchmark.detection import Detection
from benchmark.model import Image, ModelInfo, Query
from benchmark.models.bgr import as_bgr
from benchmark.models.family import Recipe
from benchmark.models.peaks import Peak, find_peaks
from benchmark.models.timm_network import build_network, class_maps, load_weights
from benchmark.models.timm_parameters import CAR, TimmParameters
from benchmark.models.torch_device import torch_device


@dataclass(frozen=True, slots=True)
class SameSize:
    """Images of a batch that have one size, and so one tensor."""

    #: Of the images, in the batch.
    places: tuple[int, ...]
    #: Pixels (images, 3, height, width); after the network scores (images, classes, rows, columns).
    values: torch.Tensor


@dataclass(frozen=True, slots=True)
class CarMap:
    """What a classifier says of one image."""

    #: Probability that the image shows a car, 0–1.
    presence: float
    #: Probability of a car at each position, 0–1, of shape (rows, columns).
    evidence: np.ndarray[Any, np.dtype[np.float32]]


class TimmModel:
    """A loaded classifier."""

    def __init__(self, network: Any, recipe: Recipe, parameters: TimmParameters, device: torch.device) -> None:
        self._network, self._device, self._parameters = network, device, parameters
        config = resolve_data_config({}, model=network)  # type: ignore[no-untyped-call]  # half annotated
        self._interpolation = str_to_pil_interp(config["interpolation"])  # type: ignore[no-untyped-call]  # likewise
        self._mean = torch.tensor(config["mean"], device=device).view(3, 1, 1)
        self._deviation = torch.tensor(config["std"], device=device).view(3, 1, 1)
        self._cars = torch.tensor(parameters.car_indices, device=device)
        self.info = ModelInfo(
            parameters=sum(each.numel() for each in network.parameters()),
            precision="fp32",
            device=str(device),
            class_names=(CAR,),
            count_basis="peaks",
            confidence=parameters.peak_threshold,
            calibrated_on=parameters.calibrated_on,
            input_size=recipe.input_size,
            runtime=recipe.runtime,
            runtime_version=torch.__version__,
        )

    def preprocess(self, images: Sequence[Image]) -> list[SameSize]:
        """Shrunk to the input size, never enlarged; RGB, normalised as timm's own transform does.

        Images that come out in different sizes are not padded, for that would change their maps: each size is a
        tensor of its own.
        """
        by_size: dict[tuple[int, ...], list[tuple[int, torch.Tensor]]] = {}
        for place, image in enumerate(images):
            pixels = self._pixels(as_bgr(image))
            by_size.setdefault(tuple(pixels.shape), []).append((place, pixels))
        return [self._same_size(group) for group in by_size.values()]

    def _pixels(self, image: Image) -> torch.Tensor:
        """Shape (3, height, width), uint8."""
        picture = Pillow.fromarray(np.ascontiguousarray(image[:, :, ::-1]))
        share = min(1.0, self.info.input_size / max(picture.size)) if self.info.input_size else 1.0
        size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
        return torch.from_numpy(np.array(picture.resize(size, self._interpolation))).permute(2, 0, 1)

    def _same_size(self, group: list[tuple[int, torch.Tensor]]) -> SameSize:
        pixels = torch.stack([each for _, each in group]).to(self._device).float() / 255
        return SameSize(tuple(place for place, _ in group), (pixels - self._mean) / self._deviation)

    def infer(self, inputs: list[SameSize]) -> list[SameSize]:
        """Scores (logits) of the classes at each position."""
        with torch.inference_mode():
            return [SameSize(each.places, class_maps(self._network, each.values)) for each in inputs]

    def postprocess(
        self, outputs: list[SameSize], inputs: list[SameSize], images: Sequence[Image], query: Query
    ) -> list[list[Detection]]:
        """Peaks as points: boxes without area, in pixels of the original image; nothing where no car is present."""
        found: list[list[Detection]] = [[] for _ in images]
        if CAR not in query.classes:
            return found
        for place, car_map in self.car_maps(outputs):
            if car_map.presence >= self._parameters.presence_threshold:
                peaks = find_peaks(car_map.evidence, query.confidence)
                found[place] = [_point(peak, car_map.evidence.shape, images[place]) for peak in peaks]
        return found

    def car_maps(self, outputs: list[SameSize]) -> list[tuple[int, CarMap]]:
        """What is said of each image, with its place in the batch."""
        with torch.inference_mode():
            return [
                (place, CarMap(presence, evidence))
                for each in outputs
                for place, presence, evidence in zip(
                    each.places,
                    self._probability(each.values.mean(dim=(2, 3))).tolist(),
                    self._probability(each.values).cpu().numpy(),
                    strict=True,
                )
            ]

    def look(self, image: Image) -> tuple[float, list[float]]:
        """Before any threshold: the probability that an image shows a car, and the heights of all its peaks."""
        [(_, car_map)] = self.car_maps(self.infer(self.preprocess([image])))
        return car_map.presence, [each.height for each in find_peaks(car_map.evidence, 0.0)]

    def _probability(self, scores: torch.Tensor) -> torch.Tensor:
        """Of all classes of cars together, from scores (images, classes, …)."""
        return scores.softmax(dim=1).index_select(1, self._cars).sum(dim=1).clamp(max=1)

    def synchronize(self) -> None:
        """Wait for the GPU."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


def _point(peak: Peak, shape: tuple[int, ...], image: Image) -> Detection:
    """The middle of a position of the map, in pixels of the image over which the map is spread."""
    x = (peak.column + 0.5) / shape[1] * image.shape[1]
    y = (peak.row + 0.5) / shape[0] * image.shape[0]
    return Detection((x, y, x, y), peak.height, CAR)


def load(recipe: Recipe, device: str) -> TimmModel:
    """Load a classifier of the timm package.

    Raises WeightsUnreadable, DeviceUnavailable, or BadCatalogue where the entry's parameters are wrong.
    """
    parameters = TimmParameters.of(recipe)
    chosen = torch_device(device)
    network = build_network(parameters)
    load_weights(network, recipe, parameters)
    return TimmModel(network.to(chosen), recipe, parameters, chosen)
