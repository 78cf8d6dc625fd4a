"""One screen of the product, as a person who works with it reaches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import FilePayload, Page

# Press what may lie in a menu: the menu is opened first, whatever else happens on the page meanwhile.
PRESS: Final = """
(element) => {
  const menu = element.closest("details");
  if (menu && element.tagName !== "SUMMARY") menu.open = true;
  element.click();
}
"""

SEND_UNCHECKED: Final = """form => {
  for (const choice of form.querySelectorAll('input[type=radio]'))
    if (![...form.elements[choice.name]].some(one => one.checked)) choice.checked = true;
  form.noValidate = true;
  form.requestSubmit();
}"""
"""Where nothing is chosen, the first choice is. What is wrong reaches the product: its answer is the page with the faults."""


SMALL_FILE: Final[FilePayload] = {
    "name": "LISEZMOI.TXT",
    "mimeType": "text/plain",
    "buffer": b"Ceci n'est pas une image. " * 10,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One screen: whose it is (the login; None: anybody), its address, how a person gets on from there, what to open on it.

    From the address on: the links to `follow`, the fields to `fill`, the fields for `files`, the forms to `send` one
    after the other, then what to `click` on the page itself, and what must be `shown` when all is done. `route`: the route that gives the page, where it
    is not the address. `is_answer`: the page answers a form that was sent, and has no address of its own.
    `is_error`: this is a page of errors; no such page passes for another. `ends_session`: it takes a session of its own.
    `in_all_looks`: it is seen in each pair of language and theme.
    """

    name: str
    login: str | None
    path: str
    route: str | None = None
    follow: tuple[str, ...] = ()
    fill: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    send: tuple[str, ...] = ()
    click: tuple[str, ...] = ()
    shown: str | None = None
    is_answer: bool = False
    is_error: bool = False
    ends_session: bool = False
    in_all_looks: bool = False

    @property
    def gives(self) -> str | None:
        """Return the GET route that this screen shows; None for answers to forms and for errors."""
        return None if self.is_answer or self.is_error else self.route or urlsplit(self.path).path

    def reach(self, page: Page, root: str) -> None:
        """Go there, as a person does."""
        page.goto(root + self.path)
        for selector in self.follow:
            address = page.locator(selector).first.get_attribute("href")
            assert address is not None, f"{self.name}: nothing leads on at {page.url}: {selector}"
            page.goto(root + address)
        for selector, value in self.fill:
            page.locator(selector).first.fill(value)
        for selector in self.files:
            page.locator(selector).first.set_input_files(SMALL_FILE)
        for selector in self.send:
            with page.expect_navigation():
                page.locator(selector).first.evaluate(SEND_UNCHECKED)

    def open(self, page: Page) -> None:
        """Open on the page what is to be seen, and make sure that it is seen."""
        for selector in self.click:
            page.locator(selector).first.evaluate(PRESS)
        assert (page.locator(".error-page").count() > 0) == self.is_error, (
            f"{self.name}: {page.locator('h1').first.text_content()}"
        )
        if self.shown is not None:
            page.locator(self.shown).first.wait_for()
