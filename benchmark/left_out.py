"""An image that takes no part in a comparison."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why an image cannot be used."""

    #: The name it has in the job.
    image_path: str
    #: Stable name of the cause, for programs.
    code: str
    #: A sentence that does not name the image: results may be read by more people than jobs.
    reason: str
    #: Whether it may be usable later.
    transient: bool = False

    def to_json(self, index: int) -> dict[str, object]:
        """An item of `images_left_out`; `index` is its position in the job's images, from 0."""
        return {"image_index": index, "code": self.code, "reason": self.reason}
