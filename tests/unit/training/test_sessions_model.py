"""States, score and the taking away of identity."""

from __future__ import annotations

from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from negatoscope.platform.errors import InvalidTransition
from negatoscope.training.identity import SHOWN, STRUCK, shown_uid, struck, without_identity
from negatoscope.training.model import SessionEvent, SessionState, TrainingCase, Verdict, next_state, score
from tests.builders.dicom import a_dx_image

ALLOWED = {"open": {"answer": "open", "answer_last": "finished", "give_up": "finished"}, "finished": {}}
CASE = UUID("8e0c5b60-8b1a-4a1e-9f1e-0a4c1c0c7d11")


@pytest.mark.parametrize(("state", "event"), list(product(SessionState, SessionEvent)))
def test_table_allows_exactly_what_was_agreed(state: SessionState, event: SessionEvent) -> None:
    expected = ALLOWED[state.value].get(event.value)
    if expected is None:
        with pytest.raises(InvalidTransition):
            next_state(state, event)
    else:
        assert next_state(state, event).value == expected


def a_case(truth: Verdict, answer: Verdict | None) -> TrainingCase:
    """Return a case with this truth and answer."""
    return TrainingCase(
        case_id=uuid4(),
        session_id=uuid4(),
        number=1,
        study_uid="1.2",
        version_id=uuid4(),
        truth=truth,
        answer=answer,
        free_answer="",
        answered_at=None,
    )


@given(st.lists(st.tuples(st.sampled_from(Verdict), st.none() | st.sampled_from(Verdict))))
def test_score_counts_each_answer_once(pairs: list[tuple[Verdict, Verdict | None]]) -> None:
    cases = [a_case(truth, answer) for truth, answer in pairs]
    counted = score(cases)
    assert counted.answered == sum(case.answer is not None for case in cases)
    assert counted.right == sum(case.is_right is True for case in cases)
    for share in (counted.sensitivity, counted.specificity):
        assert share is None or 0 <= share <= 1


def test_sensitivity_and_specificity_of_a_known_table() -> None:
    normal, abnormal = Verdict.NORMAL, Verdict.ABNORMAL
    pairs = [(abnormal, abnormal)] * 3 + [(abnormal, normal)] + [(normal, normal)] * 2 + [(normal, abnormal)] * 2
    counted = score([a_case(truth, answer) for truth, answer in pairs])
    assert (counted.sensitivity, counted.specificity) == (0.75, 0.5)


def a_telling_image() -> Dataset:
    """Return an image that tells who it is in every way it can."""
    image = a_dx_image()
    image.PatientComments = "Éluard Zoé, voisine de palier"
    image.OperatorsName = "Manip^Marc"
    image.InstitutionName = "Hôpital"
    image.StationName = "SALLE1"
    image.SeriesDescription = "Thorax Mme Éluard"
    image.add_new(0x00091010, "LO", "Éluard")
    item = Dataset()
    item.PatientID = "SYN-0001"
    return image


def test_nothing_but_named_attributes_is_shown() -> None:
    image = a_telling_image()
    shown = without_identity(image, CASE)
    assert {element.keyword for element in shown} <= SHOWN
    text = str(shown.to_json_dict(bulk_data_threshold=1 << 30))
    for telling in ("Éluard", "Zoé", "SYN-0001", "19700102", "20260102", "ACC0001", "Lemaire", "Manip", "SALLE1"):
        assert telling not in text
    for uid in (image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID):
        assert str(uid) not in text


def test_uids_of_two_cases_do_not_match() -> None:
    assert shown_uid(CASE, "1.2.3") == shown_uid(CASE, "1.2.3")
    assert shown_uid(CASE, "1.2.3") != shown_uid(uuid4(), "1.2.3")
    assert len(shown_uid(CASE, "1.2.3")) <= 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mme ELUARD, vue le 12/01/2024.", f"Mme {STRUCK}, vue le {STRUCK}."),
        ("Zoe Éluard-Martin", f"{STRUCK} {STRUCK}-Martin"),
        ("dossier 8412345, nodule de 12 mm", f"dossier {STRUCK}, nodule de 12 mm"),
        ("contrôle du 2024-01-12", f"contrôle du {STRUCK}"),
        ("pas d’anomalie", "pas d’anomalie"),
    ],
)
def test_names_dates_and_numbers_are_struck_from_texts(text: str, expected: str) -> None:
    assert struck(text, ["Éluard", "Zoé"]) == expected
