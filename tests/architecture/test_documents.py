"""The documents say what the code does: settings, commands, decisions."""

from __future__ import annotations

import re
from pathlib import Path

import click

from negatoscope.app.command_line import command_line
from negatoscope.platform.settings import Settings
from tests.paths import ROOT

SETTINGS = ROOT / "docs" / "reference" / "settings.md"
COMMANDS = ROOT / "docs" / "reference" / "commands.md"


def settings_table() -> str:
    rows = ["| setting | default | what it is |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = (
            "`~/.local/share/negatoscope`" if name == "data" else "" if field.default is None else f"`{field.default}`".lower()
        )
        default = f"`{field.default}`" if isinstance(field.default, str) else default
        rows.append(f"| `NEGATOSCOPE_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def commands_text() -> str:
    parts = []

    def walk(command: click.Command, path: str) -> None:
        context = click.Context(
            command, info_name=path, max_content_width=100, terminal_width=100, help_option_names=["-h", "--help"]
        )
        parts.append(f"## {path}\n\n```text\n{command.get_help(context)}\n```")
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                assert child is not None
                walk(child, f"{path} {name}")

    walk(command_line, "negatoscope")
    return "\n\n".join(parts)


def test_every_setting_is_documented_as_it_is() -> None:
    assert settings_table() in SETTINGS.read_text(encoding="utf-8"), f"write this into {SETTINGS.name}:\n{settings_table()}"


def test_every_command_is_documented_as_it_is() -> None:
    assert commands_text() in COMMANDS.read_text(encoding="utf-8"), f"write this into {COMMANDS.name}:\n{commands_text()}"


def test_decisions_are_numbered_and_whole() -> None:
    numbers = []
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        numbers.append(int(path.name[:4]))
        assert re.search(r"^# \d{4} ", text), path.name
        for part in ("**Context.**", "**Choice.**", "**Price.**"):
            assert part in text, f"{path.name} lacks {part}"
    assert numbers == list(range(1, len(numbers) + 1))


def broken_links(page: Path) -> list[str]:
    """Return the links of a page to files that are not there."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return [
        link for link in links if "://" not in link and not link.startswith("mailto:") and not (page.parent / link).exists()
    ]


def test_links_between_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert {str(page.relative_to(ROOT)): links for page in pages if (links := broken_links(page))} == {}


def test_link_gate_can_fail(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[there](page.md) [nowhere](absent.md#part) [outside](https://example.org)")
    assert broken_links(page) == ["absent.md"]
