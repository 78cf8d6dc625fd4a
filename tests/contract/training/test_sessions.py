"""A teaching session: drawn from signed studies, answered once, shown without identity, scored."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from negatoscope.access.model import Role, Subject
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, InvalidTransition, NotFound
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.drafts import open_draft, save_draft
from negatoscope.reporting.model import Assessment, Body
from negatoscope.reporting.signing import sign
from negatoscope.training.images import case_frame, case_metadata
from negatoscope.training.model import SessionState, TrainingCase, Verdict
from negatoscope.training.sessions import answer_case, give_up, list_sessions, show_session, start_session
from tests.builders.reading import a_stored_study
from tests.builders.subjects import a_user
from tests.builders.web_client import TestClient, sign_in

PASSWORD = "correct horse battery staple"
CONFIRMED = frozenset({"no_order", "identity_to_reconcile", "images_arriving"})
NORMAL = Body(assessment=Assessment.NORMAL, findings="Rien.", conclusion="Normal chez Mme Éluard.")
ABNORMAL = replace(NORMAL, assessment=Assessment.ABNORMAL, conclusion="Opacité droite.")


@pytest.fixture
def signer(platform: Platform) -> Subject:
    """Return the radiologist whose reports are the truth."""
    return a_user(platform, Role.RADIOLOGIST, password=PASSWORD)


@pytest.fixture
def reader(platform: Platform) -> Subject:
    """Return the resident who trains."""
    return a_user(platform, Role.RESIDENT)


def a_signed_study(platform: Platform, signer: Subject, body: Body, **attributes: str) -> str:
    """Return a study with a signed report."""
    study_uid = a_stored_study(platform, None, **attributes)
    report = open_draft(platform, signer, study_uid)
    report = save_draft(platform, signer, report.report_id, report.version, body)
    sign(platform, signer, report.report_id, report.version, PASSWORD, confirmed=CONFIRMED)
    return study_uid


def cases_of(platform: Platform, reader: Subject) -> list[TrainingCase]:
    """Start a session of ten and return its cases."""
    session = start_session(platform, reader, size=10)
    return list(show_session(platform, reader, session.session_id).cases)


def test_session_is_drawn_from_signed_studies_with_a_verdict(platform: Platform, signer: Subject, reader: Subject) -> None:
    known = {a_signed_study(platform, signer, NORMAL), a_signed_study(platform, signer, ABNORMAL)}
    a_signed_study(platform, signer, replace(NORMAL, assessment=Assessment.UNDETERMINED))
    a_signed_study(platform, signer, replace(NORMAL, assessment=Assessment.NONE))
    a_stored_study(platform)
    cases = cases_of(platform, reader)
    assert {case.study_uid for case in cases} == known
    assert {case.truth for case in cases} == set(Verdict)
    assert [case.number for case in cases] == [1, 2]


def test_case_comes_once_to_a_reader_and_never_to_its_signer(platform: Platform, signer: Subject, reader: Subject) -> None:
    a_signed_study(platform, signer, NORMAL)
    assert len(cases_of(platform, reader)) == 1
    for subject in (reader, signer):
        with pytest.raises(Conflict):
            start_session(platform, subject, size=1)


def test_region_narrows_the_session(platform: Platform, signer: Subject, reader: Subject) -> None:
    a_signed_study(platform, signer, NORMAL)
    hand = a_signed_study(platform, signer, NORMAL, BodyPartExamined="HAND")
    session = start_session(platform, reader, size=10, region="hand")
    assert [case.study_uid for case in show_session(platform, reader, session.session_id).cases] == [hand]


def test_report_is_shown_after_the_answer_alone_and_without_names(platform: Platform, signer: Subject, reader: Subject) -> None:
    a_signed_study(platform, signer, NORMAL)
    a_signed_study(platform, signer, ABNORMAL)
    first, second = cases_of(platform, reader)
    before = show_session(platform, reader, first.session_id)
    assert before.signed == {}
    answered = answer_case(platform, reader, first.case_id, Verdict.NORMAL, free_answer="Rien vu.")
    assert answered.is_right is (first.truth is Verdict.NORMAL)
    view = show_session(platform, reader, first.session_id)
    assert view.signed.keys() == {first.case_id}
    assert view.following == second
    with pytest.raises(Conflict):
        answer_case(platform, reader, first.case_id, Verdict.ABNORMAL)
    answer_case(platform, reader, second.case_id, Verdict.NORMAL)
    done = show_session(platform, reader, first.session_id)
    assert done.session.state is SessionState.FINISHED
    assert (done.score.answered, done.score.right) == (2, 1)
    assert all("luard" not in signed.conclusion for signed in done.signed.values())
    ((_, cases, answers, right),) = list_sessions(platform, reader)
    assert (cases, answers, right) == (2, 2, 1)


def test_session_given_up_takes_no_more_answers(platform: Platform, signer: Subject, reader: Subject) -> None:
    a_signed_study(platform, signer, NORMAL)
    (case,) = cases_of(platform, reader)
    give_up(platform, reader, case.session_id)
    with pytest.raises(InvalidTransition):
        answer_case(platform, reader, case.case_id, Verdict.NORMAL)


def test_session_is_its_readers_alone(platform: Platform, signer: Subject, reader: Subject) -> None:
    a_signed_study(platform, signer, NORMAL)
    (case,) = cases_of(platform, reader)
    other = a_user(platform, Role.RESIDENT)
    with pytest.raises(NotFound):
        show_session(platform, other, case.session_id)
    with pytest.raises(NotFound):
        case_metadata(platform, other, case.case_id)
    with pytest.raises(Forbidden):
        start_session(platform, a_user(platform, Role.SECRETARY), size=1)
    with pytest.raises(InvalidInput):
        start_session(platform, reader, size=0)


def test_frame_is_that_of_the_image_under_its_shown_uid(platform: Platform, signer: Subject, reader: Subject) -> None:
    study_uid = a_signed_study(platform, signer, NORMAL)
    (case,) = cases_of(platform, reader)
    (model,) = case_metadata(platform, reader, case.case_id)
    frames = case_frame(platform, reader, case.case_id, str(model.SOPInstanceUID), 1)
    assert sum(len(chunk) for chunk in frames.stored(1)) == model.Rows * model.Columns * 2
    assert frames.instance.study_uid == study_uid
    for wrong in (frames.instance.sop_instance_uid, "1.2.3"):
        with pytest.raises(NotFound):
            case_frame(platform, reader, case.case_id, wrong, 1)


def test_image_with_burned_in_annotation_is_not_shown(platform: Platform, signer: Subject, reader: Subject) -> None:
    a_signed_study(platform, signer, NORMAL, BurnedInAnnotation="YES")
    (case,) = cases_of(platform, reader)
    assert case_metadata(platform, reader, case.case_id) == []


def test_screens_carry_no_identity_before_or_after_the_answer(platform: Platform, signer: Subject, browser: TestClient) -> None:
    study_uid = a_signed_study(platform, signer, NORMAL)
    sign_in(browser, platform, Role.RESIDENT)
    assert browser.get("/training").status_code == 200
    started = browser.post("/training", data={"size": "5"}).headers["location"]
    case = browser.get(started).headers["location"]
    answers = [browser.get(case).text, browser.get(f"{case}/dicom-web/studies/1.2/metadata").text]
    shown = re.search(r'"00080018":\{"vr":"UI","Value":\["([0-9.]+)"', answers[1])
    assert shown is not None
    image = f"{case}/dicom-web/studies/1.2/series/1.3/instances/{shown[1]}"
    assert browser.get(f"{image}/thumbnail").content.startswith(b"\xff\xd8")
    frame = browser.get(f"{image}/frames/1", headers={"Accept": 'multipart/related; type="application/octet-stream"'})
    assert frame.status_code == 200
    assert study_uid.encode() not in frame.content
    browser.post(f"{case}/answer", data={"verdict": "normal", "free_answer": "Rien."})
    answers += [browser.get(case).text, browser.get(started.removesuffix("/next")).text]
    for text in answers:
        for telling in ("luard", "SYN-0001", "ACC0001", study_uid, "02/01/1970"):
            assert telling not in text
    assert "Normal chez Mme" in answers[2]
    assert "Normal chez Mme" not in answers[0]
