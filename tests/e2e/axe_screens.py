"""The screens of the product, each as the person who works with it: what the accessibility walk visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One screen: whose it is (the login; None: anybody), its address, the links to follow from there, what to open on it.

    `once`: going there changes something, so it is looked at in one look only. `is_error`: this is a page of errors. No such page passes for another.
    """

    name: str
    login: str | None
    path: str
    follow: tuple[str, ...] = ()
    click: tuple[str, ...] = ()
    once: bool = False
    is_error: bool = False

    def visit(self, page: Page, root: str) -> None:
        """Go there, by the links that a person follows."""
        page.goto(root + self.path)
        for selector in self.follow:
            address = page.locator(selector).first.get_attribute("href")
            assert address is not None, f"{self.name}: nothing leads on at {page.url}: {selector}"
            page.goto(root + address)
        for selector in self.click:
            page.locator(selector).first.click()
        assert (page.locator(".error-page").count() > 0) == self.is_error, (
            f"{self.name}: {page.locator('h1').first.text_content()}"
        )


FIRST_STUDY: Final = "main a[href^='/reading/']"
FIRST_EXAM: Final = "main a[href^='/studies/']"
SHARE: Final = "main a[href^='/shares/new']"
FIRST_PATIENT: Final = "main tbody a[href^='/patients/']"
FIRST_USER: Final = "main a[href^='/users/']:not([href='/users/new'])"

SCREENS: Final = (
    Screen(name="sign-in", login=None, path="/login"),
    Screen(name="about", login=None, path="/about"),
    Screen(name="accessibility", login=None, path="/accessibility"),
    Screen(name="help", login=None, path="/help"),
    Screen(name="missing", login=None, path="/nowhere", is_error=True),
    Screen(name="keys", login=None, path="/help", click=("[data-opens=keys]",)),
    Screen(name="display", login=None, path="/help", click=(".masthead details summary",)),
    Screen(name="share-landing", login=None, path="/s"),
    Screen(name="home", login="radiologue", path="/"),
    Screen(name="forbidden", login="radiologue", path="/users", is_error=True),
    Screen(name="account", login="radiologue", path="/account"),
    Screen(name="confirm", login="radiologue", path="/confirm?next=/account"),
    Screen(name="reading-list", login="radiologue", path="/reading"),
    Screen(name="reading-list-read", login="radiologue", path="/reading?view=read"),
    Screen(name="reading-list-empty", login="radiologue", path="/reading?q=zzzz"),
    Screen(name="desk", login="radiologue", path="/reading", follow=(FIRST_STUDY,)),
    Screen(name="desk-menu", login="radiologue", path="/reading", follow=(FIRST_STUDY,), click=(".desk-bar details summary",)),
    Screen(name="sign", login="radiologue", path="/reading", follow=(FIRST_STUDY,), click=("#open-sign",)),
    Screen(name="training-case", login="interne", path="/training", click=("main form button.button-primary",), once=True),
    Screen(name="ai-runs", login="radiologue", path="/ai"),
    Screen(name="study", login="urgentiste", path="/results", follow=(FIRST_EXAM,)),
    Screen(name="viewer", login="urgentiste", path="/results", follow=(FIRST_EXAM, "main a[href$='/viewer']")),
    Screen(name="shares", login="radiologue", path="/shares"),
    Screen(name="results", login="urgentiste", path="/results"),
    Screen(name="new-share", login="patient", path="/my-exams", follow=(SHARE,)),
    Screen(name="own-exams", login="patient", path="/my-exams"),
    Screen(name="rooms", login="manip", path="/rooms"),
    Screen(name="orders", login="secretaire", path="/orders"),
    Screen(name="order", login="secretaire", path="/orders", follow=("main tbody a[href^='/orders/']",)),
    Screen(
        name="cancel-order",
        login="secretaire",
        path="/orders",
        follow=("main tbody a[href^='/orders/']",),
        click=("[data-opens=cancel-dialog]",),
    ),
    Screen(name="new-order-for-whom", login="secretaire", path="/orders/new"),
    Screen(name="patients", login="secretaire", path="/patients"),
    Screen(name="patient", login="secretaire", path="/patients", follow=(FIRST_PATIENT,)),
    Screen(name="new-patient", login="secretaire", path="/patients/new"),
    Screen(name="new-order", login="secretaire", path="/patients", follow=(FIRST_PATIENT, "main a[href^='/orders/new']")),
    Screen(name="deliveries", login="radiologue", path="/deliveries"),
    Screen(name="messages", login="admin", path="/messages"),
    Screen(name="training", login="radiologue", path="/training"),
    Screen(name="dose", login="physicien", path="/dose"),
    Screen(name="audit", login="dpo", path="/audit"),
    Screen(name="emergencies", login="dpo", path="/audit/emergencies"),
    Screen(name="people", login="admin", path="/users"),
    Screen(name="new-person", login="admin", path="/users/new"),
    Screen(name="person", login="admin", path="/users", follow=(FIRST_USER,)),
    Screen(name="installation", login="admin", path="/admin"),
)
