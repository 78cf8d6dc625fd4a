"""What people typed stays text in every template, in translated sentences too."""

from __future__ import annotations

import pytest

from negatoscope.doors.web.language import LANGUAGES, in_language
from negatoscope.doors.web.templates import environment

HOSTILE = '"><script>alert(1)</script>{{7*7}}%(name)s'


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_value_in_a_sentence_is_escaped_once_and_never_run(language: str) -> None:
    template = environment().from_string('{{ _("Good day, %(name)s", name=name) }}')
    with in_language(language):
        shown = template.render(name=HOSTILE)
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "{{7*7}}%(name)s" in shown


def test_a_value_in_a_block_of_data_cannot_end_the_block() -> None:
    shown = environment().from_string('<script type="application/json">{{ value | tojson }}</script>').render(value=HOSTILE)
    assert shown.count("</script>") == 1


def test_a_forgotten_value_is_a_fault_of_ours_and_not_an_empty_page() -> None:
    with pytest.raises(Exception, match="missing_value"):
        environment().from_string("{{ missing_value }}").render()
