"""Every sentence of the screens has its French, no French is left over, and both checks can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from negatoscope.doors.web.language import DuplicateTranslation, gettext, in_language, merge_catalogues, ngettext
from tests.builders.messages import error_messages, placeholder_faults, shown_messages, stale, untranslated, used_messages

HEAD = 'msgid ""\nmsgstr ""\n"Language: fr\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n'


def test_every_sentence_has_its_french() -> None:
    assert [f"{used.place}: {used.identifier}" for used in untranslated("fr", shown_messages())] == []


def test_no_french_is_left_over() -> None:
    assert stale("fr", shown_messages()) == []


def test_translations_name_the_same_values() -> None:
    assert list(placeholder_faults("fr")) == []


def test_sentences_are_found_in_templates_and_modules(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "planted.html").write_text('{{ _("One") }}{{ ngettext("a", "b", 2) }}', encoding="utf-8")
    (tmp_path / "planted.py").write_text('X = N_("Two")\nY = pgettext("where", "Three")\n', encoding="utf-8")
    found = {(used.identifier, used.context) for used in used_messages(tmp_path)}
    assert found == {("One", None), (("a", "b"), None), ("Two", None), ("Three", "where")}


def test_sentences_of_errors_are_found() -> None:
    found = {used.identifier for used in error_messages()}
    assert {"Give the birth date.", "Somebody else has this study.", "The patient objects to this access."} <= found


def test_the_checks_can_fail(tmp_path: Path) -> None:
    web, locale = tmp_path / "web", tmp_path / "locale"
    web.mkdir()
    (locale / "fr").mkdir(parents=True)
    (web / "planted.py").write_text('X = N_("New %(a)s")\n', encoding="utf-8")
    po = locale / "fr" / "planted.po"
    po.write_text(HEAD + '\nmsgid "Old"\nmsgstr "Vieux"\n', encoding="utf-8")
    assert [used.identifier for used in untranslated("fr", used_messages(web), locale)] == ["New %(a)s"]
    assert stale("fr", used_messages(web), locale) == ["Old"]
    po.write_text(HEAD + '\nmsgid "New %(a)s"\nmsgstr "Neuf"\n', encoding="utf-8")
    assert list(placeholder_faults("fr", locale)) == ["New %(a)s"]


def test_two_areas_cannot_translate_the_same_sentence_differently(tmp_path: Path) -> None:
    (tmp_path / "fr").mkdir()
    for name, word in (("a", "Demande"), ("b", "Commande")):
        (tmp_path / "fr" / f"{name}.po").write_text(HEAD + f'\nmsgid "Order"\nmsgstr "{word}"\n', encoding="utf-8")
    with pytest.raises(DuplicateTranslation):
        merge_catalogues("fr", tmp_path)


def test_french_counts_zero_as_one() -> None:
    with in_language("fr"):
        assert ngettext("%(num)s line shown", "%(num)s lines shown", 0) == "%(num)s ligne affichée"
        assert gettext("Sign out") == "Se déconnecter"
    with in_language("en"):
        assert ngettext("%(num)s line shown", "%(num)s lines shown", 0) == "%(num)s lines shown"
