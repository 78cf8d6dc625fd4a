"""The screens of the product, each as the role that works with it: what the accessibility walk visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One screen: whose it is (None: anybody's), its address, the links to follow from there, what to open on it."""

    name: str
    role: str | None
    path: str
    follow: tuple[str, ...] = ()
    click: tuple[str, ...] = ()

    def visit(self, page: Page, root: str) -> None:
        """Go there, by the links that a person follows."""
        page.goto(root + self.path)
        for selector in self.follow:
            address = page.locator(selector).first.get_attribute("href")
            assert address is not None, f"{self.name}: nothing leads on at {page.url}: {selector}"
            page.goto(root + address)
        for selector in self.click:
            page.locator(selector).first.click()


FIRST_STUDY: Final = "main a[href^='/reading/']"

SCREENS: Final = (
    Screen(name="sign-in", role=None, path="/login"),
    Screen(name="about", role=None, path="/about"),
    Screen(name="accessibility", role=None, path="/accessibility"),
    Screen(name="help", role=None, path="/help"),
    Screen(name="missing", role=None, path="/nowhere"),
    Screen(name="keys", role=None, path="/help", click=("[data-opens=keys]",)),
    Screen(name="display", role=None, path="/help", click=(".masthead details summary",)),
    Screen(name="home", role="radiologist", path="/"),
    Screen(name="forbidden", role="radiologist", path="/users"),
    Screen(name="account", role="radiologist", path="/account"),
)
