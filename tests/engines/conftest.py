"""The browser as a fixture, or a skip that says what is missing and how to get it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.browser import Gallery, open_gallery, what_is_missing


# Not for the whole session: Playwright's event loop runs in this thread as long as it is open,
# and what follows may want one of its own.
@pytest.fixture(scope="package")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """One browser for all tests of this folder; it shows what is put into `gallery.models`."""
    missing = what_is_missing()
    if missing is not None:
        pytest.skip(f"no model was looked at in a real engine: {missing}")
    with open_gallery(tmp_path_factory.mktemp("models")) as opened:
        yield opened
