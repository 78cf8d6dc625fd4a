"""The viewer in a page, as a test uses it: keys, mouse, its state and its pixels."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page

Grey = NDArray[np.uint8]

_UNTIL = """
(async () => {
  const end = performance.now() + %d;
  while (!(%s)) {
    if (performance.now() > end) return false;
    await new Promise(requestAnimationFrame);
  }
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return true;
})()
"""


@dataclass(frozen=True, slots=True)
class ViewerPage:
    """A page that holds the viewer. `complaints` is what the browser wrote to its console as errors."""

    page: Page
    complaints: list[str]

    def wait_until(self, condition: str, *, timeout_ms: int = 20_000) -> None:
        """Wait until a condition of the page holds and two frames of the screen have passed."""
        # Not wait_for_function: it evaluates strings inside the page, which the script policy forbids.
        reached = self.page.evaluate(_UNTIL % (timeout_ms, condition))
        assert reached, f"never came true: {condition}; state: {json.dumps(self.state())}"

    def wait_until_ready(self) -> None:
        self.wait_until("window.negatoscopeViewer?.state().ready")

    def wait_for_state(self, condition: str) -> None:
        """Wait for a condition on `state`, such as ``state.layout === 2``."""
        self.wait_until(f"(state => {condition})(window.negatoscopeViewer.state())")

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.page.evaluate("window.negatoscopeViewer.state()")
        return state

    def pane(self, index: int = 0) -> dict[str, Any]:
        pane: dict[str, Any] = self.state()["panes"][index]
        return pane

    def settle(self) -> None:
        """Let the screen be drawn."""
        self.wait_until("true")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def at(self, x: float, y: float, pane: int = 0) -> tuple[float, float]:
        """Return where an image point lies in the page."""
        place = self.page.evaluate("([pane, x, y]) => window.negatoscopeViewer.locate(pane, x, y)", [pane, x, y])
        return place["x"], place["y"]

    def drag(self, start: tuple[float, float], end: tuple[float, float], *, button: Any = "left") -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down(button=button)
        mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        mouse.move(*end)
        mouse.up(button=button)
        self.settle()

    def pixels(self, pane: int = 0) -> NDArray[np.uint8]:
        """Return what is drawn, ``(rows, columns, 4)`` of the canvas in device pixels."""
        shot = self.page.evaluate("pane => window.negatoscopeViewer.capture(pane)", pane)
        flat = np.frombuffer(base64.b64decode(shot["rgba"]), dtype=np.uint8)
        return flat.reshape(shot["height"], shot["width"], 4)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def letters(self, pane: int = 0) -> dict[str, str]:
        """Return the orientation letters by edge."""
        found = self.page.locator(".nv-pane").nth(pane).locator(".nv-letter")
        return {str(letter.get_attribute("data-edge")): str(letter.text_content()) for letter in found.all()}

    def corner(self, place: str, pane: int = 0) -> str:
        """Return the text of a corner such as ``bottom-left``."""
        return self.page.locator(".nv-pane").nth(pane).locator(f".nv-{place}").inner_text()
