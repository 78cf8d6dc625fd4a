"""No screen has a fault that axe finds: every page, both languages, the three themes. The keyboard alone does the work."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter
from playwright.sync_api import Browser, ConsoleMessage, Page

from negatoscope.doors.web.language import LANGUAGES
from negatoscope.doors.web.preferences import THEMES
from negatoscope.doors.web.routers import ROUTERS
from tests.e2e.axe import checker, faults_of, rules_run
from tests.e2e.axe_people import WIDTH, People
from tests.e2e.axe_routes import addresses_read, looks_of, route_of, unseen
from tests.e2e.axe_screens import NOT_SCREENS, SCREENS
from tests.e2e.product import Product
from tests.e2e.screen import Screen


@pytest.fixture(scope="module")
def department() -> Iterator[Product]:
    """The product with its demonstration department."""
    checker()
    folder = Path(tempfile.mkdtemp(prefix="nego-axe-"))
    folder.chmod(0o755)
    product = Product.in_folder(folder)
    product.start()
    yield product
    product.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def people(chromium: Browser, department: Product) -> Iterator[People]:
    """The people of the department, each signed in once."""
    everybody = People(department, chromium)
    yield everybody
    everybody.leave_all()


def is_complaint(message: ConsoleMessage) -> bool:
    """Tell what the browser complains of, the security policy among it; an error status is the page's own business."""
    return message.type in {"error", "warning"} and "Failed to load resource" not in message.text


def listen(page: Page, heard: list[str]) -> None:
    """Write down what goes wrong in the scripts of a page and what the browser complains of."""
    page.on("pageerror", lambda error: heard.append(f"script: {error}"))
    page.on("console", lambda message: heard.append(message.text) if is_complaint(message) else None)


def look_at(page: Page, language: str, theme: str) -> list[str]:
    """Return what is wrong with the page in this look."""
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert page.evaluate("document.documentElement.lang") == language
    width = page.evaluate("document.documentElement.scrollWidth")
    found = [f"the page is {width} pixels wide"] if width > WIDTH else []
    return [f"{language} {theme}: {fault}" for fault in [*found, *map(str, faults_of(page))]]


@pytest.mark.parametrize(("number", "screen"), list(enumerate(SCREENS)), ids=[screen.name for screen in SCREENS])
def test_a_screen_has_no_fault(number: int, screen: Screen, department: Product, people: People) -> None:
    found: list[str] = []
    address: str | None = None
    for language, theme in looks_of(number, screen):
        page = people.context(screen.login).new_page()
        listen(page, found)
        choices = {"language": language, "theme": theme}
        page.context.add_cookies([{"name": name, "value": value, "url": department.root} for name, value in choices.items()])
        if address is None:
            screen.reach(page, department.root)
        else:
            page.goto(address)
        screen.open(page)
        assert screen.gives in (None, route_of(ROUTERS, page.url))
        found += look_at(page, language, theme)
        address = None if screen.is_answer else page.url
        page.close()
        if screen.ends_session:
            people.leave(screen.login)
    assert found == []


def test_every_page_is_walked() -> None:
    assert unseen(ROUTERS) == []


def test_a_planted_page_that_nobody_walks_is_found() -> None:
    planted = APIRouter()
    planted.add_api_route("/planted/{number}", lambda: "", methods=["GET"])
    planted.add_api_route("/written", lambda: "", methods=["POST"])
    assert unseen((*ROUTERS, planted)) == ["/planted/{number}"]


def test_what_is_said_to_be_no_page_exists_and_is_not_walked() -> None:
    assert addresses_read(ROUTERS) >= set(NOT_SCREENS)
    assert not {screen.gives for screen in SCREENS} & set(NOT_SCREENS)


def test_each_screen_is_seen_in_each_language_and_each_theme() -> None:
    for number, screen in enumerate(SCREENS):
        looks = looks_of(number, screen)
        assert {language for language, _ in looks} == set(LANGUAGES), screen.name
        assert {theme for _, theme in looks} == set(THEMES), screen.name


def test_without_the_checker_the_walk_fails(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="npm ci"):
        checker(tmp_path / "axe.min.js")


def test_the_walk_judges_contrast_names_and_language(department: Product, people: People) -> None:
    page = people.context(None).new_page()
    page.goto(f"{department.root}/login")
    assert {"color-contrast", "label", "html-has-lang", "button-name", "document-title"} <= rules_run(page)
    page.close()


def test_a_planted_fault_is_found(people: People) -> None:
    page = people.context(None).new_page()
    page.set_content(
        "<title>Planted</title><main><h1>Planted</h1><img src='x.png'><button></button>"
        "<p style='color:#999;background:#fff'>pale</p></main>"
    )
    assert {"html-has-lang", "image-alt", "button-name", "color-contrast"} <= {fault.rule for fault in faults_of(page)}
    page.close()


def test_a_complaint_of_the_browser_is_heard(department: Product, people: People) -> None:
    page = people.context(None).new_page()
    heard: list[str] = []
    listen(page, heard)
    page.goto(f"{department.root}/login")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))")
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in heard)
    page.close()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim().replace(/\\s+/g, ' ')"))


def test_the_first_key_skips_to_the_content(department: Product, people: People) -> None:
    page = people.context("radiologue").new_page()
    page.goto(f"{department.root}/account")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.close()


def test_somebody_signs_in_without_a_mouse(department: Product, chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto(f"{department.root}/login")
    page.locator("[name=login]:focus").wait_for()  # the browser gives the first focus when it has drawn the page
    page.keyboard.type("dpo")
    page.keyboard.press("Tab")
    page.keyboard.type(department.accounts()["dpo"]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)
    page.close()


def test_the_reading_list_is_worked_without_a_mouse(department: Product, people: People) -> None:
    page = people.context("radiologue").new_page()
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


def test_the_keys_are_shown_closed_and_switched_off(department: Product, people: People) -> None:
    page = people.context("radiologue").new_page()
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


def test_a_filter_answers_as_one_types_and_stays_in_the_address(department: Product, people: People) -> None:
    page = people.context("radiologue").new_page()
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
