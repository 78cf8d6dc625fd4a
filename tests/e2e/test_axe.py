"""No screen has a fault that axe finds, in both languages and the three themes; and the walk can fail."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.e2e.axe import AXE, faults_of, rules_run
from tests.e2e.axe_screens import SCREENS, Screen
from tests.e2e.product import Product

pytestmark = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: run 'npm ci' in frontend")

LOOKS = [("fr", "light"), ("fr", "dark"), ("fr", "reading-room"), ("en", "dark")]
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


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_has_no_fault(screen: Screen, department: Product, signed_in: SignIn) -> None:
    context = signed_in(screen.login)
    page = context.new_page()
    found = []
    for language, theme in LOOKS:
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
