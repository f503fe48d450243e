"""Which of a job's images both models are judged on."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass

from benchmark.decoding import Examiner
from benchmark.errors import Cancelled, ImageFault, InputError, TooFewImages, TooFewImagesNow
from benchmark.labelled_image import LabelledImage
from benchmark.left_out import LeftOut
from benchmark.measure.messages import Picture

Entry = LabelledImage | LeftOut
Entries = Sequence[Entry]

_LOOK_SECONDS = 0.1
#: Images that an error names.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Selection:
    """The images that can be used, and those that cannot."""

    images: Sequence[LabelledImage]
    #: Position of each of them in the job's images, from 0.
    indices: Sequence[int]
    #: (width, height) of each of them, upright, in pixels.
    sizes: Sequence[tuple[int, int]]
    #: By position in the job's images.
    left_out: Mapping[int, LeftOut]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """What a Host is told of the images."""
        return tuple(picture_of(image) for image in self.images)

    @property
    def total(self) -> int:
        """Images of the job."""
        return len(self.images) + len(self.left_out)


class Intake:
    """Takes in the images of one comparison, which may still be on their way, and examines them once."""

    def __init__(self, entries: "Future[Entries]", examiner: Examiner, max_left_out: float) -> None:
        """`max_left_out` is the share of the images that may be unusable, 0–1."""
        self._entries, self._examiner, self._max_left_out = entries, examiner, max_left_out
        self._selection: Selection | None = None

    @property
    def here(self) -> bool:
        """Whether all images are on this machine; also where they never will be."""
        return self._entries.done()

    @property
    def failed(self) -> bool:
        """Whether they never will be."""
        return self.here and (self._entries.cancelled() or self._entries.exception() is not None)

    def selection(
        self, should_stop: Callable[[], bool], on_done: Callable[[int], object] = lambda _: None
    ) -> Selection:
        """Wait for the images and examine them.

        `on_done` is told how many were examined. Raises TooFewImages, TooFewImagesNow, Cancelled, or what brought the
        images in raised.
        """
        if self._selection is None:
            entries = self._arrived(should_stop)
            selection = self._examined(entries, should_stop, on_done)
            _check_share(selection, self._max_left_out)
            self._selection = selection
        return self._selection

    def _arrived(self, should_stop: Callable[[], bool]) -> Entries:
        while True:
            try:
                entries = self._entries.result(timeout=_LOOK_SECONDS)
                break
            except TimeoutError:
                if self._entries.done():
                    raise  # its own
                if should_stop():
                    raise Cancelled from None
        if not entries:
            raise InputError("There are no images to compare on; give at least one.")
        return entries

    def _examined(
        self, entries: Entries, should_stop: Callable[[], bool], on_done: Callable[[int], object]
    ) -> Selection:
        candidates = {index: each for index, each in enumerate(entries) if isinstance(each, LabelledImage)}
        left_out = {index: each for index, each in enumerate(entries) if isinstance(each, LeftOut)}
        findings = self._examiner.examine([picture_of(each) for each in candidates.values()], should_stop, on_done)
        sizes: dict[int, tuple[int, int]] = {}
        for (index, image), finding in zip(candidates.items(), findings, strict=True):
            if isinstance(finding, ImageFault):
                left_out[index] = LeftOut(image.image_path, finding.code, finding.reason, finding.transient)
            else:
                sizes[index] = finding
        return Selection(
            images=[candidates[index] for index in sizes],
            indices=list(sizes),
            sizes=list(sizes.values()),
            left_out=dict(sorted(left_out.items())),
        )


def picture_of(image: LabelledImage) -> Picture:
    """What a process that decodes the image has to know of it."""
    return Picture(image.path.absolute(), image.image_path, image.truth_boxes or ())


def _check_share(selection: Selection, max_left_out: float) -> None:
    """Trying again helps only where enough would be left without those that are lost for good."""
    if _few(selection, len(selection.left_out), max_left_out):
        lost = sum(not each.transient for each in selection.left_out.values())
        kind = TooFewImages if _few(selection, lost, max_left_out) else TooFewImagesNow
        raise kind(_too_few(selection))


def _few(selection: Selection, unusable: int, max_left_out: float) -> bool:
    return unusable == selection.total or unusable > max_left_out * selection.total


def _too_few(selection: Selection) -> str:
    named = [f"{each.image_path}: {each.reason}" for each in itertools.islice(selection.left_out.values(), _NAMED)]
    more = len(selection.left_out) - len(named)
    count = "The only image" if selection.total == 1 else f"{len(selection.left_out)} of {selection.total} images"
    return f"{count} cannot be used. " + " ".join(named) + (f" And {more} more." if more else "")
