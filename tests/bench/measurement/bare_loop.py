"""A bare loop in a process of its own: ``python -m tests.bench.measurement.bare_loop MODEL_ID IMAGES PASSES``."""

import sys
from statistics import median

from tests.bench.measurement.demo_models import Workbench, demo_scenes, demo_weights
from tests.bench.measurement.loops import bare_times


def main(model_id: str, images: int, passes: int) -> None:
    bench = Workbench.set_up(demo_weights(model_id), demo_scenes(images))
    arrays = [bench.pictures.decode(index) for index in range(images)]
    bare_times(bench, arrays)  # warm up
    print(median(bare_times(bench, arrays * passes)))  # noqa: T201 - the answer to whoever started it


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
