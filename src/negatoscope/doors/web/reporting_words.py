"""Reports in words: what is not in order before a signature, and how a refusal is said in the editor."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from negatoscope.doors.web.language import N_, gettext

FAULTS: Final[Mapping[str, str]] = MappingProxyType({
    "patient_missing": N_("The patient has no name."),
    "act_missing": N_("The procedure is not named."),
    "signer_missing": N_("Your account has no name."),
    "addendum_empty": N_("The addendum is empty."),
    "conclusion_empty": N_("The conclusion is empty."),
    "blank_left": N_("A blank of the template is not filled in: [ … ]."),
    "side_conflict": N_("The side in the text, on the order and on the images do not agree."),
    "birth_date_missing": N_("The patient’s date of birth is unknown."),
    "identity_to_reconcile": N_("The patient’s identity is still to be confirmed."),
    "no_order": N_("No order is known for this study."),
    "images_arriving": N_("Images of this study may still be on their way."),
})  # fmt: skip

REFUSALS: Final[Mapping[str, str]] = MappingProxyType({
    "wrong_password": N_("The password is not right."),
    "too_many_attempts": N_("Too many attempts: wait a little and try again."),
    "draft_of_another": N_("Somebody else is writing this report. Take the study over first."),
    "discrepancy_missing": N_("The conclusion departs from the preliminary report: say how far."),
    "stale_version": N_("The report was changed meanwhile. Look at the other text, then decide."),
    "unprintable_character": N_("The report holds a character that cannot be printed."),
    "too_long": N_("A section of the report is too long."),
    "control_character": N_("A section holds characters that cannot be kept."),
    "invalid_transition": N_("The report has been signed meanwhile."),
    "database_down": N_("The server does not answer. Your text stays here; it will be saved when it is back."),
})  # fmt: skip


SECTIONS: Final = (
    ("indication", N_("Indication")),
    ("technique", N_("Technique")),
    ("comparison", N_("Comparison")),
    ("findings", N_("Findings")),
    ("conclusion", N_("Conclusion")),
)

EDITOR: Final[Mapping[str, str]] = MappingProxyType({
    "saving": N_("Saving…"),
    "unsaved": N_("Not saved yet"),
    "saved": N_("Saved at {time}"),
    "not_saved": N_("Not saved. Your text stays here; the next change tries again."),
    "other_text": N_("{name} saved another text at {time}."),
    "replace_text": N_("Replace technique, findings and conclusion by the template?"),
    "must_mend": N_("To be mended before you can sign"),
    "must_confirm": N_("To be confirmed"),
    "ready": N_("Nothing is missing."),
    "no_blank": N_("No blank is left."),
    "failed": N_("This did not work. Nothing was lost; try again."),
})  # fmt: skip


def report_sections() -> list[tuple[str, str]]:
    """Return the sections of a report with their headings, in the order of the page."""
    return [(name, gettext(word)) for name, word in SECTIONS]


def fault_words(name: str) -> str:
    """Return what is not in order, as a sentence."""
    return gettext(FAULTS[name])


def refusal_words() -> dict[str, str]:
    """Return every refusal and fault that the editor may have to say, by reason."""
    return {name: gettext(sentence) for name, sentence in {**FAULTS, **REFUSALS}.items()}


def editor_words() -> dict[str, str]:
    """Return every sentence the editor says by itself."""
    return {name: gettext(sentence) for name, sentence in EDITOR.items()} | refusal_words()
