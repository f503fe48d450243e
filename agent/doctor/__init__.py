"""Looks at everything that can be wrong with an agent's machine and project, and says what mends it."""

from agent.doctor.checks import CHECKS
from agent.doctor.examine import Examined, examine, to_json
from agent.doctor.finding import Finding, State
from agent.doctor.place import Place
from agent.doctor.setup import read_setup

__all__ = ["CHECKS", "Examined", "Finding", "Place", "State", "examine", "read_setup", "to_json"]
