"""Brings a job's images to the local disk, whoever wrote where they are."""

from agent.images.source import ImageSource
from agent.images.watch import ImageWatch

__all__ = ["ImageSource", "ImageWatch"]
