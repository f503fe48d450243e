"""Show the Examiner thousands of damaged images: `python -m tests.bench.decoding --images 10000`."""

import argparse
import tempfile
from pathlib import Path

from tests.bench.decoding.mutations import mutated
from tests.bench.decoding.sweep import sweep


def main() -> None:
    """Print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="arena-mutated-"))
    seen = sweep(mutated(arguments.images, arguments.seed), folder)
    for end, count in seen.ends.most_common():
        print(f"{count:7}  {end}")  # noqa: T201 - a bench speaks to a person
    print(  # noqa: T201 - likewise
        f"{seen.deaths} ends of the process, at most {seen.peak_mb:.0f} MiB and {seen.longest_s:.2f} s an image; "
        f"those that cost it its life are in {folder}"
    )


if __name__ == "__main__":
    main()
