"""A department of built objects, the server before it, and the viewer open in Chromium."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.viewer.dicomweb_server import Department, DicomWebServer
from tests.e2e.viewer.viewer_page import ViewerPage
from tests.paths import ROOT

OpenViewer = Callable[..., ViewerPage]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The front end as it stands in the working tree, built into a folder of this run."""
    vite = ROOT / "frontend" / "node_modules" / ".bin" / "vite"
    if not vite.exists():
        pytest.fail("the packages of the front end are not installed: cd frontend && npm ci")
    folder = tmp_path_factory.mktemp("frontend") / "build"
    subprocess.run([vite, "build", "--outDir", folder, "--logLevel", "error"], cwd=ROOT / "frontend", check=True, timeout=120)
    return folder


@pytest.fixture
def department(build: Path) -> Department:
    return Department(build)


@pytest.fixture
def open_viewer(chromium: Browser, department: Department) -> Iterator[OpenViewer]:
    """Open the page of the department; everything the browser complains of fails the test in the end."""
    complaints: list[str] = []
    contexts = []
    with DicomWebServer(department) as server:

        def open_page(
            *, ready: bool = True, width: int = 1280, height: int = 800, fragment: str = "", script: str = ""
        ) -> ViewerPage:
            context = chromium.new_context(
                viewport={"width": width, "height": height}, reduced_motion="reduce", has_touch=True, locale="fr-FR"
            )
            contexts.append(context)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            page.add_init_script(script)
            page.goto(server.address + fragment)
            viewer = ViewerPage(page, complaints)
            if ready:
                viewer.wait_until_ready()
            return viewer

        yield open_page
        department.hold.set()
        for context in contexts:
            context.close()
    assert [text for text in complaints if "/thumbnail" not in text and "404" not in text] == []
