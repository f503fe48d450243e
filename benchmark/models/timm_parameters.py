"""What a catalogue's entry says to the timm family alone."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmark.errors import BadCatalogue
from benchmark.models.family import Recipe

#: The class that is counted.
CAR = "car"

#: Cars among the 1,000 classes of ImageNet: beach wagon, cab, convertible, jeep, limousine, minivan, Model T,
#: pickup, racer, sports car. Not 705, which is a railway car.
IMAGENET_CARS = (436, 468, 511, 609, 627, 656, 661, 717, 751, 817)
IMAGENET_CLASSES = 1000


class _Table(BaseModel):
    """`[models.<id>.parameters]` as it may be written."""

    model_config = ConfigDict(extra="forbid", strict=True)

    architecture: str = "efficientnet_b0"
    output_stride: Literal[8, 16, 32] | None = None
    class_names: list[str] | None = Field(default=None, min_length=2)
    car_classes: list[int | str] | None = Field(default=None, min_length=1)
    peak_threshold: float = Field(default=0.5, ge=0, lt=1)
    presence_threshold: float = Field(default=0.05, ge=0, le=1)
    calibrated_on: str | None = None

    @model_validator(mode="after")
    def _classes_are_known(self) -> "_Table":
        if self.class_names is None and any(isinstance(each, str) for each in self.car_classes or ()):
            raise ValueError("car_classes of ImageNet's 1000 are given as numbers, for class_names are not there")
        unknown = [each for each in self.car_classes or () if self.index(each) is None]
        if unknown:
            raise ValueError(f"car_classes names what is not a class: {', '.join(map(str, unknown))}")
        return self

    @property
    def classes(self) -> int:
        return len(self.class_names) if self.class_names else IMAGENET_CLASSES

    def index(self, name: int | str) -> int | None:
        """Of a class in the network's output."""
        if isinstance(name, int):
            return name if 0 <= name < self.classes else None
        return self.class_names.index(name) if self.class_names and name in self.class_names else None


@dataclass(frozen=True, slots=True)
class TimmParameters:
    """How a classifier is built, and how it counts."""

    #: As timm names it.
    architecture: str
    #: Pixels of the image for one position of the map; None: as the architecture has it, usually 32. Less makes
    #: a finer map of the same weights (by dilated convolutions) and takes longer.
    output_stride: int | None
    #: Number of classes that the network tells apart.
    classes: int
    #: Those of them that are cars.
    car_indices: tuple[int, ...]
    #: Probability of a car above which a peak is counted, 0–1.
    peak_threshold: float
    #: Probability that the image shows a car from which its peaks count at all, 0–1.
    presence_threshold: float
    #: What the thresholds were set on; None: nothing.
    calibrated_on: str | None

    @classmethod
    def of(cls, recipe: Recipe) -> "TimmParameters":
        """Of a model of the catalogue.

        Raises BadCatalogue, which says what is wrong.
        """
        try:
            table = _Table.model_validate(dict(recipe.parameters))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"][:1]))
            where = f"models.{recipe.model_id}.parameters{'.' + key if key else ''}"
            raise BadCatalogue(f"{where}: {first['msg'].removeprefix('Value error, ')}.") from error
        return cls(
            architecture=table.architecture,
            output_stride=table.output_stride,
            classes=table.classes,
            car_indices=_cars(table, recipe),
            peak_threshold=table.peak_threshold,
            presence_threshold=table.presence_threshold,
            calibrated_on=table.calibrated_on,
        )


def _cars(table: _Table, recipe: Recipe) -> tuple[int, ...]:
    """As the entry says, or else what its class names call so, or else ImageNet's."""
    if table.car_classes is not None:
        indices: list[Any] = [table.index(each) for each in table.car_classes]
        return tuple(dict.fromkeys(indices))
    if table.class_names is None:
        return IMAGENET_CARS
    cars = tuple(i for i, name in enumerate(table.class_names) if recipe.classes.get(name, name) == CAR)
    if not cars:
        raise BadCatalogue(
            f"models.{recipe.model_id}: none of its classes ({', '.join(table.class_names)}) is {CAR!r}. "
            "Say in parameters.car_classes which are cars."
        )
    return cars
