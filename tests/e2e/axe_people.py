"""The people of the accessibility walk: a browser for each, signed in through the page, one of them with a second factor."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import pyotp
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.product import Product

WIDTH: Final = 1280
WITH_SECOND_FACTOR: Final = frozenset({"interne"})


@dataclass(slots=True)
class People:
    """Everybody who was seen at a screen so far, by login; None stands for somebody unknown."""

    product: Product
    chromium: Browser
    contexts: dict[str | None, BrowserContext] = field(default_factory=dict)

    def context(self, login: str | None) -> BrowserContext:
        """Return the browser of one person, signed in once."""
        if login not in self.contexts:
            self.contexts[login] = self._sign_in(login)
        return self.contexts[login]

    def leave(self, login: str | None) -> None:
        """Close the browser of one person."""
        context = self.contexts.pop(login, None)
        if context is not None:
            context.close()

    def leave_all(self) -> None:
        """Close every browser."""
        for login in list(self.contexts):
            self.leave(login)

    def _sign_in(self, login: str | None) -> BrowserContext:
        context = self.chromium.new_context(viewport={"width": WIDTH, "height": 900}, reduced_motion="reduce")
        if login is not None:
            page = context.new_page()
            self._prove_password(page, login)
            if login in WITH_SECOND_FACTOR:
                self._prove_second_factor(context, page, login)
            page.close()
        return context

    def _prove_password(self, page: Page, login: str) -> None:
        page.goto(f"{self.product.root}/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", self.product.accounts()[login]["password"])
        with page.expect_navigation():
            page.click("main button[type=submit]")
        assert not page.url.endswith("/login"), f"{login} was not let in"

    def _prove_second_factor(self, context: BrowserContext, page: Page, login: str) -> None:
        """Set the second factor up and sign in again with it: a code works once, so the later one is of the next period."""
        page.goto(f"{self.product.root}/account")
        page.click("form[action='/account/second-factor'] button")
        page.click("main details summary")
        codes = pyotp.TOTP("".join((page.locator("code.secret").text_content() or "").split()))
        page.fill("input[name=code]", codes.now())
        page.click("main button[type=submit]")
        page.wait_for_url("**/account")
        context.clear_cookies()
        self._prove_password(page, login)
        page.fill("input[name=code]", codes.at(datetime.now(UTC), counter_offset=1))
        page.click("main button[type=submit]")
        page.wait_for_url(lambda url: "/login" not in url)
