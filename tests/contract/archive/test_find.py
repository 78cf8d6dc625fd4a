"""Search as C-FIND and QIDO-RS define it, on real rows."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from negatoscope.access.model import Role, Subject
from negatoscope.archive.find import FindQuery, Level, find, find_json, search_json, unsupported_keys
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform
from tests.builders.archive import archivist, store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image
from tests.builders.subjects import a_user


@pytest.fixture
def department(platform: Platform) -> dict[str, Dataset]:
    """Four studies of three people."""
    images = {
        "eluard": a_dx_image(AccessionNumber="A1", StudyDate="20260102", StudyTime="101112"),
        "martin": a_dx_image(
            PatientName="MARTIN^Léa^^^", PatientID="SYN-2", AccessionNumber="A2", StudyDate="20260103", StudyTime="090000"
        ),
        "muller": a_dx_image(
            PatientName="Müller^Jean", PatientID="SYN_3", AccessionNumber="A%3", StudyDate="20260103", StudyTime="180000"
        ),
        "scan": a_ct_slice(
            AccessionNumber="A4", StudyDate="20251231", StudyTime="235959", ReferringPhysicianName="Bovary^Emma"
        ),
    }
    for image in images.values():
        store_data_set(platform, image)
    second = a_ct_slice(StudyInstanceUID=images["scan"].StudyInstanceUID, SeriesInstanceUID="1.2.9", SeriesNumber=2)
    for number in range(3):
        second.SOPInstanceUID = f"1.2.9.{number}"
        second.InstanceNumber = 3 - number
        store_data_set(platform, second)
    return images


class Search:
    def __init__(self, platform: Platform, department: dict[str, Dataset], subject: Subject) -> None:
        self.platform = platform
        self.names = {image.StudyInstanceUID: name for name, image in department.items()}
        self.subject = subject

    def rows(self, level: Level = Level.STUDY, /, **filters: str) -> list[Dataset]:
        with self.platform.database.read(self.platform.tenant) as tx:
            return find(tx, self.subject, FindQuery(level=level, filters=filters))

    def studies(self, **filters: str) -> list[str]:
        return sorted(self.names[row.StudyInstanceUID] for row in self.rows(Level.STUDY, **filters))


@pytest.fixture
def search(platform: Platform, department: dict[str, Dataset]) -> Search:
    return Search(platform, department, archivist(platform))


ALL = ["eluard", "martin", "muller", "scan"]


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("PatientName", "", ALL),
        ("PatientName", "*", ALL),
        ("PatientName", "eluard*", ["eluard", "scan"]),
        ("PatientName", "ÉLUARD^ZOÉ", ["eluard", "scan"]),
        ("PatientName", "muller^jean", ["muller"]),
        ("PatientName", "M*^*", ["martin", "muller"]),
        ("PatientName", "M?ller^J*", ["muller"]),
        ("PatientName", "*ean", ["muller"]),
        ("PatientName", "martin", []),
        ("PatientName", "%", []),
        ("PatientID", "SYN-2", ["martin"]),
        ("PatientID", "SYN_3", ["muller"]),
        ("PatientID", "SYN?3", ["muller"]),
        ("PatientID", "SYN-_", []),
        ("PatientID", "syn-2", []),
        ("PatientID", "SYN*", ALL),
        ("PatientID", "'; drop table studies; --", []),
        ("AccessionNumber", "A%3", ["muller"]),
        ("AccessionNumber", "A%", []),
        ("AccessionNumber", "A?", ["eluard", "martin", "scan"]),
        ("StudyDate", "20260103", ["martin", "muller"]),
        ("StudyDate", "20260102-20260103", ["eluard", "martin", "muller"]),
        ("StudyDate", "-20260102", ["eluard", "scan"]),
        ("StudyDate", "20260103-", ["martin", "muller"]),
        ("StudyTime", "1011-1012", ["eluard"]),
        ("StudyTime", "10-18", ["eluard", "muller"]),
        ("StudyTime", "-0900", ["martin"]),
        ("ModalitiesInStudy", "CT", ["scan"]),
        ("ModalitiesInStudy", "CT\\DX", ALL),
        ("ModalitiesInStudy", "D*", ["eluard", "martin", "muller"]),
        ("ModalitiesInStudy", "MR", []),
        ("ReferringPhysicianName", "bovary*", ["scan"]),
        ("StudyInstanceUID", "1.2.3.4", []),
        ("Modality", "CT", ["scan"]),
        ("Modality", "D*", ["eluard", "martin", "muller"]),
        ("BodyPartExamined", "CHEST", ["eluard", "martin", "muller"]),
        ("SeriesNumber", "2", ["scan"]),
        ("InstanceNumber", "3", ["scan"]),
        ("SOPInstanceUID", "1.2.9.1", ["scan"]),
        ("Rows", "64", ["eluard", "martin", "muller"]),
        ("PatientBirthDate", "19700102", ALL),
        ("PatientSex", "M", []),
    ],
)
def test_key_matches_as_the_standard_says(search: Search, keyword: str, value: str, expected: list[str]) -> None:
    assert search.studies(**{keyword: value}) == expected


def test_range_of_date_and_time_is_one_span_of_time(search: Search) -> None:
    assert search.studies(StudyDate="20251231-20260103", StudyTime="235900-100000") == ["eluard", "martin", "scan"]
    assert search.studies(StudyDate="20260102-20260103", StudyTime="1100-1700") == ["martin"]


def test_list_of_uids_finds_each(search: Search, department: dict[str, Dataset]) -> None:
    wanted = "\\".join([department["scan"].StudyInstanceUID, department["martin"].StudyInstanceUID, "1.2.3"])
    assert search.studies(StudyInstanceUID=wanted) == ["martin", "scan"]


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("StudyDate", "yesterday"), ("StudyInstanceUID", "1.2/../3"), ("StudyTime", "25"), ("StudyDate", "20260101-x")],
)
def test_malformed_key_is_named(search: Search, keyword: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        search.rows(Level.STUDY, **{keyword: value})
    assert refusal.value.field == keyword


def test_studies_come_newest_first_and_in_pages(platform: Platform, search: Search) -> None:
    dates = [row.StudyDate for row in search.rows()]
    assert dates == sorted(dates, reverse=True)
    with platform.database.read(platform.tenant) as tx:
        pages = [
            find_json(tx, archivist(platform), FindQuery(level=Level.STUDY, limit=1, offset=offset)) for offset in range(5)
        ]
    seen = [page[0]["0020000D"]["Value"][0] for page in pages[:4]]  # type: ignore[index,call-overload]  # DICOM JSON
    assert len(set(seen)) == 4
    assert pages[4] == []


def test_study_counts_what_it_holds(search: Search) -> None:
    row = search.rows(AccessionNumber="A4")[0]
    assert (row.NumberOfStudyRelatedSeries, row.NumberOfStudyRelatedInstances, row.ModalitiesInStudy) == (2, 4, "CT")
    assert row.SpecificCharacterSet == "ISO_IR 192"
    assert str(row.PatientName) == "Éluard^Zoé"


def test_series_and_images_come_by_number(search: Search, department: dict[str, Dataset]) -> None:
    study_uid = department["scan"].StudyInstanceUID
    series = search.rows(Level.SERIES, StudyInstanceUID=study_uid)
    assert [(row.SeriesNumber, row.NumberOfSeriesRelatedInstances) for row in series] == [(1, 1), (2, 3)]
    images = search.rows(Level.IMAGE, StudyInstanceUID=study_uid, SeriesInstanceUID="1.2.9")
    assert [(row.InstanceNumber, row.SOPInstanceUID) for row in images] == [(1, "1.2.9.2"), (2, "1.2.9.1"), (3, "1.2.9.0")]
    assert [row.SOPInstanceUID for row in search.rows(Level.IMAGE, InstanceNumber="2")] == ["1.2.9.1"]


def test_series_is_found_by_an_image_in_it(search: Search) -> None:
    assert [row.SeriesInstanceUID for row in search.rows(Level.SERIES, SOPInstanceUID="1.2.9.1")] == ["1.2.9"]
    assert [row.PatientID for row in search.rows(Level.PATIENT, Modality="CT")] == ["SYN-0001"]


def test_series_is_found_by_its_scheduled_step(search: Search) -> None:
    found = search.rows(Level.SERIES, **{"RequestAttributesSequence.ScheduledProcedureStepID": "SPS1"})
    assert len(found) == 3
    assert search.rows(Level.SERIES, **{"RequestAttributesSequence.ScheduledProcedureStepID": "SPS"}) == []
    assert found[0].RequestAttributesSequence[0].ScheduledProcedureStepID == "SPS1"


def test_patients_come_once_each(search: Search) -> None:
    assert sorted(row.PatientID for row in search.rows(Level.PATIENT)) == ["SYN-0001", "SYN-2", "SYN_3"]


def test_answer_holds_only_what_c_find_asked(platform: Platform, search: Search) -> None:
    query = FindQuery(level=Level.STUDY, filters={"PatientID": "SYN-2", "StudyTime": ""}, with_defaults=False)
    with platform.database.read(platform.tenant) as tx:
        row = find(tx, search.subject, query)[0]
    keywords = {element.keyword for element in row}
    assert keywords == {"SpecificCharacterSet", "InstanceAvailability", "StudyTime", "PatientID", "StudyInstanceUID"}


def test_json_and_data_set_say_the_same(platform: Platform, search: Search) -> None:
    for level in Level:
        with platform.database.read(platform.tenant) as tx:
            query = FindQuery(level=level, include=frozenset({"SOPClassesInStudy", "NumberOfPatientRelatedInstances"}))
            models = find_json(tx, search.subject, query)
            data_sets = find(tx, search.subject, query)
        for model, data_set in zip(models, data_sets, strict=True):
            empty_left_out = {tag: _without_empty(element) for tag, element in data_set.to_json_dict().items()}
            assert model == empty_left_out


def _without_empty(element: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in element.items() if value != []}


def test_keys_outside_of_the_index_are_named() -> None:
    filters = {"PatientName": "A*", "SliceLocation": "4", "Rows": "", "RequestAttributesSequence.Modality": "CT"}
    assert unsupported_keys(filters) == {"SliceLocation", "RequestAttributesSequence.Modality"}


def test_referrer_finds_only_his_patients(platform: Platform, search: Search) -> None:
    referrer = a_user(platform, Role.REFERRER)
    with platform.database.read(platform.tenant) as tx:
        assert find(tx, referrer, FindQuery(level=Level.STUDY)) == []


def test_search_leaves_a_trace_without_what_was_looked_for(platform: Platform, search: Search) -> None:
    from sqlalchemy import text

    search_json(platform, a_user(platform, Role.RADIOLOGIST), FindQuery(level=Level.STUDY, filters={"PatientName": "martin*"}))
    with platform.database.read(platform.tenant) as tx:
        traced = tx.execute(text("select objects from audit_entries where action = 'images_queried'")).scalar_one()
    assert traced == {"level": "STUDY", "keys": ["PatientName"], "matches": 1}
