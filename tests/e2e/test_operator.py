"""What the operator sees: one clear sentence and a status other than zero; two installations side by side; kill -9."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.builders.dicom import a_dx_image, part10_bytes
from tests.e2e.product import PROGRAM, Product, descendants, seen_within


@pytest.fixture
def product() -> Iterator[Product]:
    folder = Path(tempfile.mkdtemp(prefix="nego-e2e-"))
    folder.chmod(0o755)
    product = Product.in_folder(folder)
    yield product
    if product.process is not None and product.process.poll() is None:
        product.stop()
    shutil.rmtree(folder, ignore_errors=True)


def complaint(product: Product, *arguments: str, **environment: str) -> str:
    """Run a command that must fail; return its one sentence."""
    result = subprocess.run(
        [PROGRAM, *arguments],
        env={**product.environment, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode not in (0, None)
    assert "Traceback" not in result.stdout + result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("negatoscope: ")]
    assert len(lines) == 1, result.stderr
    return lines[0]


def create_reader(product: Product) -> None:
    arguments = ("user", "create", "anne", "--name", "Anne", "--role", "radiologist", "--password-stdin")
    created = product.run(*arguments, input_text="quatre mots sans lien\n")
    assert created.returncode == 0, created.stderr


def test_help_shows_the_verbs(product: Product) -> None:
    text = product.run("--help").stdout
    for verb in ("run", "demo", "import", "user", "token", "verify", "doctor", "backup", "restore", "drill", "settings"):
        assert f"\n  {verb} " in text


def test_wrong_setting_is_one_sentence(product: Product) -> None:
    assert "NEGATOSCOPE_HTTP_PORT" in complaint(product, "run", NEGATOSCOPE_HTTP_PORT="eighty")


def test_unknown_setting_is_one_sentence(product: Product) -> None:
    assert "NEGATOSCOPE_HTPP_PORT" in complaint(product, "run", NEGATOSCOPE_HTPP_PORT="80")


@pytest.mark.parametrize("name", ["HTTP_PORT", "DICOM_PORT", "HL7_PORT"])
def test_taken_port_names_its_setting(product: Product, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"NEGATOSCOPE_{name}" in complaint(product, "run", **{f"NEGATOSCOPE_{name}": port})


def test_data_folder_that_cannot_be_made_is_one_sentence(product: Product) -> None:
    file = product.folder / "file"
    file.write_text("")
    assert str(file) in complaint(product, "run", NEGATOSCOPE_DATA=str(file / "data"))


def test_database_that_does_not_answer_is_one_sentence(product: Product) -> None:
    assert "database" in complaint(product, "run", NEGATOSCOPE_DATABASE_URL="postgresql://nobody@127.0.0.1:9/none").lower()


def test_object_store_address_that_is_none_is_one_sentence(product: Product) -> None:
    assert "NEGATOSCOPE_OBJECTS_URL" in complaint(product, "verify", NEGATOSCOPE_OBJECTS_URL="nonsense")


def test_public_address_is_refused(product: Product) -> None:
    assert "NEGATOSCOPE_DICOM_HOST" in complaint(product, "run", NEGATOSCOPE_DICOM_HOST="0.0.0.0")


def test_two_installations_run_side_by_side_and_stop_cleanly(product: Product) -> None:
    folder = Path(tempfile.mkdtemp(prefix="nego-e2e-"))
    folder.chmod(0o755)
    other = Product.in_folder(folder)
    try:
        product.start(demo=False)
        other.start(demo=False)
        for one in (product, other):
            assert httpx.get(f"{one.root}/health").status_code == 200
        assert "Everything is kept" in other.stop()
        assert httpx.get(f"{product.root}/health").status_code == 200
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_kill_minus_nine_loses_nothing_acknowledged(product: Product, tmp_path: Path) -> None:
    product.environment_extra = {"NEGATOSCOPE_DEMONSTRATION": "true"}
    product.start(demo=False)
    create_reader(product)
    images = [a_dx_image(InstanceNumber=str(number)) for number in range(1, 9)]
    for number, image in enumerate(images):
        (tmp_path / f"{number}.dcm").write_bytes(part10_bytes(image))
    command = ["storescu", "-aec", "NEGATOSCOPE", "+sd", "127.0.0.1", str(product.dicom_port), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    product.kill()
    product.start(demo=False)
    with product.client(product.token("anne")) as client:
        found = client.get("/dicom-web/instances", headers={"Accept": "application/dicom+json"}).json()
    assert {item["00080018"]["Value"][0] for item in found} == {image.SOPInstanceUID for image in images}
    result = product.run("verify")
    assert result.returncode == 0, result.stdout
    assert f"Objects: {len(images)} read and hashed, 0 damaged" in result.stdout


def test_verify_names_a_damaged_object(product: Product, tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(part10_bytes(a_dx_image()))
    assert product.run("import", str(tmp_path)).returncode == 0
    assert product.run("verify").returncode == 0
    stored = next(path for path in (product.folder / "objects").rglob("*") if path.is_file())
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)
    result = product.run("verify")
    assert result.returncode == 1
    assert "OBJECT " in result.stdout


def test_backup_of_the_running_product_is_rehearsed_and_restored(product: Product, tmp_path: Path) -> None:
    images, backup, keyring = tmp_path / "images", tmp_path / "backup", tmp_path / "keyring.json"
    images.mkdir()
    for number in range(3):
        (images / f"{number}.dcm").write_bytes(part10_bytes(a_dx_image(InstanceNumber=str(number))))
    product.start(demo=False)
    assert product.run("import", str(images)).returncode == 0
    taken = product.run("backup", str(backup), "--keyring-to", str(keyring))
    assert taken.returncode == 0, taken.stdout + taken.stderr
    rehearsed = product.run("drill", str(backup))
    assert rehearsed.returncode == 0, rehearsed.stdout + rehearsed.stderr
    assert "3 objects read and hashed" in rehearsed.stdout
    product.stop()
    other = Product.in_folder(product.folder / "restored")
    restored = other.run("restore", str(backup), "--keyring", str(keyring))
    assert restored.returncode == 0, restored.stdout + restored.stderr
    verified = other.run("verify")
    assert verified.returncode == 0, verified.stdout
    assert "Objects: 3 read and hashed, 0 damaged" in verified.stdout


def test_import_takes_a_folder_and_a_zip_and_the_same_again(product: Product, tmp_path: Path) -> None:
    folder = tmp_path / "disc"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.dcm").write_bytes(part10_bytes(a_dx_image()))
    (folder / "readme.txt").write_text("not DICOM")
    assert "3 stored" in product.run("import", str(folder)).stdout
    archive = shutil.make_archive(str(tmp_path / "disc"), "zip", folder)
    again = product.run("import", archive)
    assert "0 stored, 3 already there" in again.stdout, again.stdout + again.stderr


def test_demo_loads_a_folder_of_pictures_once(product: Product, tmp_path: Path) -> None:
    (folder := tmp_path / "radiographs").mkdir()
    for name, shade in (("a.png", 40), ("b.jpg", 160)):
        Image.new("L", (64, 48), shade).save(folder / name)
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "c.dcm").write_bytes(part10_bytes(a_dx_image()))
    first = product.run("demo", "--from", str(folder))
    assert "2 examinations made of pictures, 1 DICOM objects stored, 0 already there, 1 left out." in first.stdout, first.stdout
    second = product.run("demo", "--from", str(folder))
    assert "0 examinations made of pictures, 0 DICOM objects stored, 3 already there, 1 left out." in second.stdout, (
        second.stdout
    )


def test_dead_process_is_started_again(product: Product) -> None:
    product.start(demo=False)
    assert product.process is not None
    listener = next(
        pid for pid in descendants(product.process.pid) if Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"process\0hl7\0")
    )
    os.kill(listener, signal.SIGKILL)

    def answers() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", product.hl7_port), timeout=1):
                return not Path(f"/proc/{listener}").exists()
        except OSError:
            return False

    assert seen_within(answers, within_s=30, what="the HL7 door")


def test_doctor_finds_a_healthy_installation_healthy(product: Product) -> None:
    product.start(demo=False)
    result = product.run("doctor")
    assert result.returncode == 0, result.stdout
