"""Brings a job's images to the local disk, whoever wrote where they are."""

from agent.images.source import ImageSource

__all__ = ["ImageSource"]
