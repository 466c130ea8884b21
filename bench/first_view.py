"""What a visitor waits for on a phone: `python -m bench.first_view SITE [PAGE …]`.

Each page is opened with an empty cache in Chromium, once on each network, the processor slowed
fourfold, as Lighthouse emulates a mid-range phone. Told are requests and bytes over the wire, when
the poster stands, and when the model can be turned. The models are drawn in software here, so a
phone with a graphics processor shows the model sooner than this machine does.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from relicscan.site.serve import site_server
from tests.engines.browser import FLAGS, find_chromium

#: Latency in ms, Mbit/s down and up: Lighthouse's "slow 4G", and a 4G as it is in towns.
NETWORKS = {"slow 4G": (150, 1.6, 0.75), "4G": (60, 12.0, 6.0)}
SLOWER = 4
PHONE = {"width": 390, "height": 844}
LIMIT_MS = 180_000


class Figures(NamedTuple):
    """Bytes and requests until the page does what it is for, seconds to its picture and model."""

    bytes: int
    requests: int
    poster_s: float
    model_s: float | None


def main() -> int:
    """Print a table."""
    from docs.generate import table

    parser = argparse.ArgumentParser(prog="python -m bench.first_view", description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("pages", nargs="*", default=["index.html"])
    asked = parser.parse_args()
    rows = [
        [page, network, f"{f.bytes / 1000:,.0f} kB", str(f.requests), f"{f.poster_s:.1f} s",
         "–" if f.model_s is None else f"{f.model_s:.1f} s"]
        for page, network, f in measured(asked.site, asked.pages)
    ]  # fmt: skip
    titles = ("page", "network", "over the wire", "requests", "picture after", "model after")
    print(table(titles, rows))
    return 0


def measured(site: Path, pages: Sequence[str]) -> list[tuple[str, str, Figures]]:
    """Page, network and figures of each."""
    from playwright.sync_api import sync_playwright

    server = site_server(site, port=0)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with sync_playwright() as p:
            browser = p.chromium.launch(executable_path=find_chromium(), args=[*FLAGS])
            return [
                (page, network, _one(browser, server.address + page, network))
                for page in pages
                for network in NETWORKS
            ]
    finally:
        server.shutdown()
        server.server_close()


def _one(browser: Any, address: str, network: str) -> Figures:
    context = browser.new_context(
        viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True, locale="en",
        service_workers="block",
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(LIMIT_MS)
    wire = context.new_cdp_session(page)
    latency, down, up = NETWORKS[network]
    wire.send("Network.enable")
    wire.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": latency, "downloadThroughput": down * 125_000,
         "uploadThroughput": up * 125_000},
    )  # fmt: skip
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    sizes: dict[str, float] = {}
    wire.on(
        "Network.loadingFinished", lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]})
    )
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("img.poster, .card img", state="attached")
    while not page.evaluate("document.querySelector('img.poster, .card img').complete"):
        page.wait_for_timeout(20)
    poster = time.perf_counter() - began
    model = None
    if page.query_selector("script[data-viewer]"):
        page.wait_for_selector("#stage[data-state=interactive]")
        model = time.perf_counter() - began
    else:
        page.wait_for_load_state("load")
    context_sizes = dict(sizes)
    context.close()
    return Figures(round(sum(context_sizes.values())), len(context_sizes), poster, model)


if __name__ == "__main__":
    raise SystemExit(main())
