"""What can go wrong in a comparison.

BenchmarkError
├── InputError                the request is wrong: trying again changes nothing
│   ├── ImageFault
│   │   ├── BadImage
│   │   └── BoxOutsideImage
│   ├── BadLabel
│   ├── TooFewImages
│   │   └── TooFewImagesNow
│   ├── InvalidOptions
│   ├── UnknownModel
│   │   └── UnknownRuntime
│   ├── CannotDetectCars
│   └── ClassMissing
├── SetupError                this machine lacks something: a person has to act
│   ├── BadCatalogue
│   ├── LibraryMissing
│   ├── FamilyMissing
│   ├── WeightsMissing
│   │   └── WeightsNotFetched
│   ├── WeightsMismatch
│   ├── WeightsUnreadable
│   ├── RuntimeUnavailable
│   ├── ExportFailed
│   ├── UnknownCountry
│   └── DeviceUnavailable
├── HostError                 the process that held the model failed
│   ├── HostDied
│   ├── HostTimeout
│   ├── PhaseTimeout
│   ├── GpuFault
│   ├── OutOfMemory
│   │   └── GpuOutOfMemory
│   └── ModelFailed
└── Cancelled

An error's message is its class docstring unless one is given. Errors cross a process boundary, so they carry
nothing but that message, and those of images what is said of the image.
"""

from typing import ClassVar, Self


class BenchmarkError(Exception):
    """The comparison failed."""

    #: Stable name for programs; messages are for people and may change.
    code: ClassVar[str] = "benchmark_error"
    #: Whether the same comparison may succeed when it is tried again.
    transient: ClassVar[bool] = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class InputError(BenchmarkError):
    """The request cannot be carried out as it stands."""

    code = "input_error"


class ImageFault(InputError):
    """An image cannot be used."""

    code = "image_fault"
    #: What is said of the image, without its name.
    predicate: str = "cannot be used."

    @classmethod
    def of(cls, name: str, predicate: str) -> Self:
        """The error that says `predicate` of the image `name`."""
        error = cls(f"{name} {predicate}")
        error.predicate = predicate
        return error

    @property
    def reason(self) -> str:
        """A sentence that does not name the image."""
        return f"It {self.predicate}"


class BadImage(ImageFault):
    """An image cannot be read."""

    code = "bad_image"


class BoxOutsideImage(ImageFault):
    """A box lies outside its image."""

    code = "box_outside_image"


class BadLabel(InputError):
    """The truth given for an image contradicts itself."""

    code = "bad_label"


class TooFewImages(InputError):
    """Too few of the images can be used."""

    code = "too_few_images"


class TooFewImagesNow(TooFewImages):
    """Too few of the images can be had at the moment."""

    code = "too_few_images_now"
    transient = True


class InvalidOptions(InputError):
    """The options are not valid."""

    code = "invalid_options"


class UnknownModel(InputError):
    """No model of that name is in the catalogue."""

    code = "unknown_model"


class UnknownRuntime(UnknownModel):
    """The model cannot be run in that way."""

    code = "unknown_runtime"


class CannotDetectCars(InputError):
    """The model's task is not one that finds cars in images."""

    code = "cannot_detect_cars"


class ClassMissing(InputError):
    """The model knows none of the classes that are to be counted."""

    code = "class_missing"


class SetupError(BenchmarkError):
    """This machine is not set up for that model."""

    code = "setup_error"


class BadCatalogue(SetupError):
    """The catalogue of models cannot be read."""

    code = "bad_catalogue"


class LibraryMissing(SetupError):
    """The library that runs this model is not installed."""

    code = "library_missing"


class FamilyMissing(SetupError):
    """There is no adapter for the model's family."""

    code = "family_missing"


class WeightsMissing(SetupError):
    """The model's weights are not on this machine."""

    code = "weights_missing"


class WeightsNotFetched(WeightsMissing):
    """The model's weights are not on this machine, but can be downloaded."""

    code = "weights_to_download"


class WeightsMismatch(SetupError):
    """The model's weights are not the ones that the catalogue names."""

    code = "weights_mismatch"


class WeightsUnreadable(SetupError):
    """The model's weights cannot be opened."""

    code = "weights_unreadable"


class RuntimeUnavailable(SetupError):
    """What is to run the model does not work on this machine."""

    code = "runtime_unavailable"


class ExportFailed(SetupError):
    """The model could not be brought into the format that is to be run."""

    code = "export_failed"


class UnknownCountry(SetupError):
    """The country is not one whose electricity is known."""

    code = "unknown_country"


class DeviceUnavailable(SetupError):
    """The device is not available on this machine."""

    code = "device_unavailable"
    transient = True  # a GPU that was lost may come back, and another machine may have one


class HostError(BenchmarkError):
    """The process that held the model failed."""

    code = "host_error"


class HostDied(HostError):
    """The process that held the model ended by itself."""

    code = "host_died"
    transient = True


class HostTimeout(HostError):
    """The process that held the model stopped answering and was ended."""

    code = "host_timeout"
    transient = True


class PhaseTimeout(HostError):
    """A phase of the comparison took longer than it may."""

    code = "phase_timeout"


class GpuFault(HostError):
    """The GPU failed while the model ran on it."""

    code = "gpu_fault"
    transient = True


class OutOfMemory(HostError):
    """The model does not fit into the memory of this machine."""

    code = "out_of_memory"


class GpuOutOfMemory(OutOfMemory):
    """The model does not fit into the memory of the GPU."""

    code = "gpu_out_of_memory"


class ModelFailed(HostError):
    """The model raised an error."""

    code = "model_failed"


class Cancelled(BenchmarkError):
    """The comparison was cancelled."""

    code = "cancelled"
