"""How long until a radiograph is on the screen at full quality: a fresh browser, a fresh page, software rendering."""

from __future__ import annotations

from playwright.sync_api import sync_playwright

from benchmarks.servers import Server

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


def first_pixel(server: Server, study_uid: str) -> float:
    """Return the milliseconds from navigation to the full image, in a browser that never saw the page."""
    root = server.web.removesuffix("/dicom-web")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        try:
            page = browser.new_context(viewport={"width": 1600, "height": 1000}, extra_http_headers=server.headers).new_page()
            page.goto(f"{root}/studies/{study_uid}/viewer", wait_until="commit")
            return float(page.evaluate(WAIT_FOR_FULL))
        finally:
            browser.close()
