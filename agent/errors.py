"""Errors of the agent.

::

    AgentError
    ├── SettingsError
    ├── ManifestError
    ├── MigrationError
    ├── AgentKeyError
    ├── JobEnded                  (a job that was watched)
    ├── PodError
    │   ├── PodUnavailable        (transient)
    │   └── PodNotStopped
    ├── StoreError
    │   ├── StoreUnavailable      (transient)
    │   ├── KeyRefused
    │   ├── NotMigrated
    │   └── RequestRefused
    │       └── AlreadyThere
    └── JobError                  (ends one job, never the agent)
        ├── InvalidJob
        ├── TimeLimit             (transient)
        ├── ImageError
        │   ├── ImageUnreachable  (transient)
        │   └── ImageRefused
        ├── WeightsUnreachable    (transient)
        ├── WeightsRefused
        └── WeightsNotSaved       (transient)
"""

from typing import ClassVar

from agent.image_name import shown


class AgentError(Exception):
    """Something went wrong in the agent."""

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class SettingsError(AgentError):
    """A setting is missing or wrong."""


class ManifestError(AgentError):
    """The images' manifest cannot be used."""


class MigrationError(AgentError):
    """The database could not be migrated."""


class AgentKeyError(AgentError):
    """The agent's key cannot be made."""


class JobEnded(AgentError):
    """The job ended without a result."""


class PodError(AgentError):
    """RunPod refused or could not answer."""


class PodUnavailable(PodError):
    """RunPod cannot be reached, or cannot do it, at the moment."""

    #: Seconds for which it asks to be left alone.
    retry_after_s: float = 0.0


class PodNotStopped(PodError):
    """The pod still runs and costs money."""


class StoreError(AgentError):
    """Supabase refused or could not answer."""


class StoreUnavailable(StoreError):
    """Supabase cannot be reached at the moment."""


class KeyRefused(StoreError):
    """Supabase refused the key."""


class NotMigrated(StoreError):
    """The database lacks the arena's tables or functions."""


class RequestRefused(StoreError):
    """Supabase refused the request."""


class AlreadyThere(RequestRefused):
    """There is a row like this one already."""


class JobError(AgentError):
    """This job cannot be done."""

    code: ClassVar[str] = "job_error"
    transient: ClassVar[bool] = False


class InvalidJob(JobError):
    """The job's row cannot be understood."""

    code = "invalid_job"


class TimeLimit(JobError):
    """The attempt ran into its time limit."""

    code = "time_limit"
    transient = True


class ImageError(JobError):
    """An image could not be had."""

    code = "image_error"
    #: Seconds for which the server asks to be left alone.
    retry_after_s: float = 0.0

    def __init__(self, image_path: str, reason: str, *, hint: str | None = None) -> None:
        """`reason` is a sentence that names no image: results may be read by more people than jobs."""
        self.image_path, self.reason = shown(image_path), reason
        super().__init__(f"{self.image_path}: {reason}", hint=hint)


class ImageUnreachable(ImageError):
    """An image could not be fetched."""

    code = "image_unreachable"
    transient = True


class ImageRefused(ImageError):
    """An image is not one that this agent reads."""

    code = "image_refused"


class WeightsUnreachable(JobError):
    """Weights could not be downloaded."""

    code = "weights_unreachable"
    transient = True
    #: Seconds for which the server asks to be left alone.
    retry_after_s: float = 0.0


class WeightsRefused(JobError):
    """Weights cannot be downloaded from where the catalogue says."""

    code = "weights_refused"


class WeightsNotSaved(JobError):
    """Weights that were downloaded could not be saved."""

    code = "weights_not_saved"
    transient = True  # room may be made meanwhile, and another agent may have some
