"""What a real Host says of itself: its memory, and what the machine takes while nothing works."""

from functools import partial
from pathlib import Path

from benchmark.measure.host import Host, Watch, ask
from benchmark.measure.messages import Idle, Load, MeasureIdle, MeasureMemory, Memory
from benchmark.models.family import Recipe, load_model

WATCH = Watch(silence_s=30)


def test_it_tells_the_memory_it_had_before_its_model_and_idle_power(host: Host, tmp_path: Path) -> None:
    weights = tmp_path / "weights.json"
    weights.write_text('{"memory_mb": 300}')
    ask(
        host,
        Load(partial(load_model, "tests.benchmark.fake_adapter", Recipe("fake", weights, 640, {})), "cpu", "DEU"),
        WATCH,
    )
    memory = ask(host, MeasureMemory(), WATCH)
    assert isinstance(memory, Memory)
    assert memory.empty_mb is not None
    assert memory.resident_mb is not None
    assert memory.max_rss_mb is not None
    assert 5 < memory.empty_mb < memory.resident_mb - 300
    assert memory.resident_mb <= memory.max_rss_mb
    idle = ask(host, MeasureIdle(0.5), WATCH)
    assert isinstance(idle, Idle)
    assert idle.watts is not None
    assert idle.watts > 0
    assert idle.source in {"rapl", "estimated"}
