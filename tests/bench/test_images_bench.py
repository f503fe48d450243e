"""The bench of fetching still runs, with so few images that its times mean nothing."""

from tests.bench.images.__main__ import far_server, measure


def test_images_are_fetched_and_asked_for_again() -> None:
    with far_server(50_000, 0.001) as server:
        plain_s, fetched_s, again_s, sent = measure(server, 12)
    assert min(plain_s, fetched_s, again_s) > 0
    assert 0 < sent < 12 * 200, "only that nothing has changed is sent again"
