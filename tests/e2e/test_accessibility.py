"""No screen has a fault that axe finds, in both languages and the three themes; the keyboard alone does the work."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.e2e.axe import AXE, faults_of, rules_run
from tests.e2e.axe_screens import SCREENS, Screen
from tests.e2e.product import Product

pytestmark = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: run 'npm ci' in frontend")

LOOKS = [("fr", "light"), ("en", "dark"), ("fr", "reading-room")]
SIZE = {"width": 1280, "height": 900}

SignIn = Callable[[str | None], BrowserContext]


@pytest.fixture(scope="module")
def department() -> Iterator[Product]:
    """The product with its demonstration department."""
    folder = Path(tempfile.mkdtemp(prefix="nego-axe-"))
    folder.chmod(0o755)
    product = Product.in_folder(folder)
    product.start()
    yield product
    product.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def signed_in(department: Product, chromium: Browser) -> Iterator[SignIn]:
    """A browser context for each person, signed in once through the page."""
    contexts: dict[str | None, BrowserContext] = {}

    def sign_in(login: str | None) -> BrowserContext:
        if login not in contexts:
            context = chromium.new_context(viewport=SIZE, reduced_motion="reduce")  # type: ignore[arg-type]  # a TypedDict
            if login is not None:
                account = department.accounts()[login]
                page = context.new_page()
                page.goto(f"{department.root}/login")
                page.fill("input[name=login]", account["login"])
                page.fill("input[name=password]", account["password"])
                page.click("main button[type=submit]")
                page.wait_for_url(lambda url: "/login" not in url)
                page.close()
            contexts[login] = context
        return contexts[login]

    yield sign_in
    for context in contexts.values():
        context.close()


def is_complaint(message: ConsoleMessage) -> bool:
    """Tell what the browser complains of, the security policy among it; an error status is the page's own business."""
    return message.type in {"error", "warning"} and "Failed to load resource" not in message.text


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_has_no_fault(screen: Screen, department: Product, signed_in: SignIn) -> None:
    context = signed_in(screen.login)
    page = context.new_page()
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(f"script: {error}"))
    page.on("console", lambda message: found.append(message.text) if is_complaint(message) else None)
    for language, theme in LOOKS[:1] if screen.once else LOOKS:
        choices = {"language": language, "theme": theme}
        context.add_cookies([{"name": name, "value": value, "url": department.root} for name, value in choices.items()])
        screen.visit(page, department.root)
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert page.evaluate("document.documentElement.lang") == language
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > SIZE["width"]:
            found.append(f"{language} {theme}: the page is {width} pixels wide")
        found += [f"{language} {theme}: {fault}" for fault in faults_of(page)]
    page.close()
    assert found == []


def test_the_walk_judges_contrast_names_and_language(department: Product, signed_in: SignIn) -> None:
    page = signed_in(None).new_page()
    page.goto(f"{department.root}/login")
    assert {"color-contrast", "label", "html-has-lang", "button-name", "document-title"} <= rules_run(page)
    page.close()


def test_a_planted_fault_is_found(signed_in: SignIn) -> None:
    page = signed_in(None).new_page()
    page.set_content(
        "<title>Planted</title><main><h1>Planted</h1><img src='x.png'><button></button>"
        "<p style='color:#999;background:#fff'>pale</p></main>"
    )
    assert {"html-has-lang", "image-alt", "button-name", "color-contrast"} <= {fault.rule for fault in faults_of(page)}
    page.close()


def test_a_complaint_of_the_browser_is_heard(department: Product, signed_in: SignIn) -> None:
    page = signed_in(None).new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if is_complaint(message) else None)
    page.goto(f"{department.root}/login")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))")
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in heard)
    page.close()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim().replace(/\\s+/g, ' ')"))


def test_the_first_key_skips_to_the_content(department: Product, signed_in: SignIn) -> None:
    page = signed_in("radiologue").new_page()
    page.goto(f"{department.root}/account")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.close()


def test_the_reading_list_is_worked_without_a_mouse(department: Product, signed_in: SignIn) -> None:
    page = signed_in("radiologue").new_page()
    page.goto(f"{department.root}/")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/reading")
    names = page.locator("main tbody th[scope=row] a").all_text_contents()
    page.keyboard.press("j")
    first = focused(page)
    page.keyboard.press("j")
    assert focused(page) != first
    page.keyboard.press("k")
    assert focused(page) == first
    assert len(names) >= 2
    page.keyboard.press("Enter")
    page.wait_for_url("**/reading/*")
    page.close()


def test_the_keys_are_shown_closed_and_switched_off(department: Product, signed_in: SignIn) -> None:
    page = signed_in("radiologue").new_page()
    page.goto(f"{department.root}/reading")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.locator("#letter-keys").uncheck()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()
    page.keyboard.press("?")
    assert not page.locator("#keys").is_visible()
    page.locator("[data-opens=keys]").press("Enter")
    page.locator("#letter-keys").check()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.close()


def test_a_filter_answers_as_one_types_and_stays_in_the_address(department: Product, signed_in: SignIn) -> None:
    page = signed_in("radiologue").new_page()
    page.goto(f"{department.root}/reading")
    rows = page.locator("main tbody tr")
    before = rows.count()
    page.keyboard.press("/")
    page.keyboard.type("zzzz")
    page.wait_for_url("**q=zzzz**")
    page.locator("#list .empty").wait_for()
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    rows.first.wait_for()
    assert rows.count() == before
    page.close()
