"""The web process with a certificate: https alone, and a session cookie that browsers keep to it."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from negatoscope.access.model import Role, system_subject
from negatoscope.access.users import create_user
from negatoscope.app.demonstration.department import make_password
from negatoscope.platform.runtime import Platform
from tests.builders.certificates import Authority
from tests.paths import ROOT

RUN = "from negatoscope.app.process import run_web; from negatoscope.platform.settings import load_settings; run_web(load_settings())"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def secured(platform: Platform, authority: Authority) -> Iterator[httpx.Client]:
    """A client of the web process as the product starts it, with a certificate."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    issued = authority.issue("web")
    settings = platform.settings
    environment = os.environ | {
        "NEGATOSCOPE_DATA": str(settings.data),
        "NEGATOSCOPE_DATABASE_URL": str(settings.database_url),
        "NEGATOSCOPE_TENANT": settings.tenant,
        "NEGATOSCOPE_HTTP_PORT": str(port),
        "NEGATOSCOPE_HTTP_CERTIFICATE": str(issued.certificate),
        "NEGATOSCOPE_HTTP_KEY": str(issued.key),
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONWARNINGS": "ignore",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", RUN], env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        context = ssl.create_default_context(cafile=authority.file)
        with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=context) as client:
            wait_until_it_listens(port, process)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the web process does not listen")


def test_the_session_cookie_is_bound_to_https_and_no_old_protocol_is_spoken(
    platform: Platform, secured: httpx.Client, authority: Authority
) -> None:
    password = make_password()
    create_user(
        platform,
        system_subject(platform.tenant, "operator"),
        login="claire.martin",
        display_name="Claire Martin",
        password=password,
        roles=[Role.SECRETARY],
    )
    answer = secured.post(
        "/login",
        data={"login": "claire.martin", "password": password},
        headers={"Origin": str(secured.base_url).rstrip("/")},
    )
    assert answer.status_code == 303
    cookie = next(value for value in answer.headers.get_list("set-cookie") if "session" in value)
    assert cookie.startswith("__Host-session=")
    assert {"secure", "httponly", "path=/", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "max-age=" in answer.headers["strict-transport-security"]
    old = an_old_client(authority)
    address = ("127.0.0.1", secured.base_url.port)
    with socket.create_connection(address, timeout=10) as plain, pytest.raises(OSError, match=r"alert|EOF|version|reset"):
        old.wrap_socket(plain, server_hostname="127.0.0.1")


def an_old_client(authority: Authority) -> ssl.SSLContext:
    """Return a client that speaks nothing younger than TLS 1.1."""
    context = ssl.create_default_context(cafile=authority.file)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context
