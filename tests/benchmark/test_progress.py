from benchmark.progress import PHASES, Progress, Reporter


def collect(steps: list[tuple[str, float]]) -> list[Progress]:
    seen: list[Progress] = []
    reporter = Reporter(seen.append)
    for phase, share in steps:
        reporter.report(phase, share)
    return seen


def test_the_phases_add_up_to_the_whole() -> None:
    assert abs(sum(PHASES.values()) - 1) < 1e-9
    assert collect([("score", 1.0)])[0].fraction == 1.0


def test_reports_of_one_phase_within_a_second_are_held_back() -> None:
    assert len(collect([("load", step / 1000) for step in range(1000)])) == 1


def test_a_new_phase_is_reported_at_once_and_the_fraction_never_falls() -> None:
    seen = collect([(phase, share) for phase in PHASES for share in (1.0, 0.0)])
    assert [each.phase for each in seen] == list(PHASES)
    fractions = [each.fraction for each in seen]
    assert fractions == sorted(fractions)


def test_it_is_json() -> None:
    assert collect([("load", 0.5)])[0].to_json() == {
        "phase": "load",
        "fraction": 0.075,
        "model_id": None,
        "done": 0,
        "total": 0,
    }
