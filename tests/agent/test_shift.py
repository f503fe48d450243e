import math
import time

import pytest

from agent.shift import Shift


def test_an_endless_shift_is_never_over() -> None:
    assert Shift().idle_left() == math.inf


def test_it_is_over_when_nothing_was_done_for_so_long() -> None:
    shift = Shift(idle_exit_seconds=0.05)
    assert shift.idle_left() > 0
    time.sleep(0.06)
    assert shift.idle_left() <= 0
    shift.begin()
    assert shift.idle_left() > 0


def test_while_one_worker_has_a_job_no_other_has_been_idle_for_too_long() -> None:
    shift = Shift(idle_exit_seconds=0.05)
    with shift.working():
        with shift.working():
            pass
        time.sleep(0.06)
        assert shift.idle_left() == pytest.approx(0.05)
    assert 0 < shift.idle_left() <= 0.05


def test_a_job_that_fails_is_over_too() -> None:
    shift = Shift(idle_exit_seconds=0.05)
    with pytest.raises(RuntimeError), shift.working():
        raise RuntimeError
    time.sleep(0.06)
    assert shift.idle_left() <= 0


def test_while_one_waits_for_an_answer_that_may_be_a_job_no_other_leaves() -> None:
    shift = Shift(idle_exit_seconds=0.05)
    time.sleep(0.06)
    with shift.asking():
        assert shift.idle_left() > 0
    assert shift.idle_left() <= 0, "an answer without a job is no work"
