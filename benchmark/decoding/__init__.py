"""From an encoded image of anybody's making to pixels."""

from benchmark.decoding.examiner import Examiner

__all__ = ["Examiner"]
