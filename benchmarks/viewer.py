"""How long until a radiograph is on the screen, and until a stored study is on an open list; software rendering."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.measures import send
from benchmarks.objects import write_study
from benchmarks.servers import Server

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]
WAIT_FOR_FULL = """
() => new Promise((resolve) => {
  const check = () => {
    const viewer = window.negatoscopeViewer;
    if (viewer && viewer.state().panes[0]?.quality === "full") resolve(performance.now());
    else requestAnimationFrame(check);
  };
  check();
})
"""


SEE_ROW = """
(study) => new Promise((resolve) => {
  const check = () => {
    if (document.querySelector(`a[href*="${study}"]`)) resolve(Date.now());
    else requestAnimationFrame(check);
  };
  check();
})
"""


def first_pixel(server: Server, study_uid: str) -> float:
    """Return the milliseconds from navigation to the full image, in a browser that never saw the page."""
    root = server.web.removesuffix("/dicom-web")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = browser.new_context(viewport={"width": 1600, "height": 1000}, extra_http_headers=server.headers).new_page()
            page.goto(f"{root}/studies/{study_uid}/viewer", wait_until="commit")
            return float(page.evaluate(WAIT_FOR_FULL))
        finally:
            browser.close()


def list_delay(server: Server, folder: Path, *, seed: int) -> float:
    """Return the milliseconds from the answer to a C-STORE until the study stands on a reading list that was open."""
    root = server.web.removesuffix("/dicom-web")
    study_uid = write_study(folder, modality="DX", count=1, seed=seed)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = browser.new_context(extra_http_headers=server.headers).new_page()
            page.goto(f"{root}/reading?modality=DX", wait_until="load")  # the small CT studies fill a page by themselves
            page.wait_for_timeout(1000)  # the live connection is open
            send(server, folder)
            answered = time.time() * 1000
            return max(0.0, float(page.evaluate(SEE_ROW, study_uid)) - answered)
        finally:
            browser.close()
