"""Reception: what is acknowledged is there, once, byte for byte; what could deceive is held with its reason."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from negatoscope.access.model import Role
from negatoscope.archive import studies
from negatoscope.archive.model import Outcome, SourceKind
from negatoscope.archive.receive import begin_instance
from negatoscope.archive.study_store import list_conflicts, list_instances, list_quarantine
from negatoscope.archive.verify import rehash
from negatoscope.formats.dicom.files import file_head
from negatoscope.formats.dicom.gate import judge
from negatoscope.formats.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.errors import Forbidden, NotFound, Unavailable
from negatoscope.platform.runtime import Platform
from tests.builders.archive import a_source, archivist, store_bytes, store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image, bare_bytes, part10_bytes
from tests.builders.subjects import a_user


def rows(platform: Platform, query: str) -> list[Any]:
    with platform.database.read(platform.tenant) as tx:
        return list(tx.execute(text(query)))


def stored_bytes(platform: Platform, study_uid: str) -> list[bytes]:
    with platform.database.read(platform.tenant) as tx:
        found = list_instances(tx, study_uid)
    contents = []
    for instance in found:
        with platform.blobs.open(instance.blob) as reader:
            contents.append(reader.read(0, reader.size))
    return contents


@pytest.mark.parametrize(
    "syntax",
    [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN],
)
@pytest.mark.parametrize("piece", [7, 1 << 16])
def test_data_set_is_kept_byte_for_byte_behind_our_own_head(platform: Platform, syntax: str, piece: int) -> None:
    image = a_dx_image()
    data = bare_bytes(image, syntax)
    stored = store_data_set(platform, image, syntax, piece=piece)
    assert stored.outcome is Outcome.STORED
    head = file_head(sop_class_uid=image.SOPClassUID, sop_instance_uid=image.SOPInstanceUID, transfer_syntax_uid=syntax)
    assert stored_bytes(platform, image.StudyInstanceUID) == [head + data]


def test_part10_file_and_association_give_the_same_object(platform: Platform) -> None:
    image = a_dx_image()
    assert store_bytes(platform, part10_bytes(image)).outcome is Outcome.STORED
    assert store_data_set(platform, image).outcome is Outcome.DUPLICATE
    assert len(stored_bytes(platform, image.StudyInstanceUID)) == 1


def test_executable_in_the_preamble_is_not_kept(platform: Platform) -> None:
    image = a_dx_image()
    stored = store_bytes(platform, part10_bytes(image, preamble=b"MZ" + b"\x90" * 126))
    assert "preamble_not_zero" in stored.warnings
    assert stored_bytes(platform, image.StudyInstanceUID)[0][:132] == bytes(128) + b"DICM"


def test_first_image_creates_patient_study_series_and_says_so(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    with platform.database.read(platform.tenant) as tx:
        study = studies.get_study(tx, image.StudyInstanceUID)
        series = studies.list_series(tx, image.StudyInstanceUID)
        of_patient = studies.list_studies_of_patient(tx, study.patient_id)
    assert (study.accession_number, study.instances, study.series, study.modalities) == ("ACC0001", 1, 1, ("DX",))
    assert (series[0].modality, series[0].instances, series[0].body_part) == ("DX", 1, "CHEST")
    assert study.requests == () or study.requests[0].scheduled_step_id == "SPS1"
    assert [entry.study_uid for entry in of_patient] == [image.StudyInstanceUID]
    kinds = [row[0] for row in rows(platform, "select kind from events order by sequence")]
    assert kinds == ["patient_created", "study_arrived"]


def test_one_trace_for_each_study_of_an_association(platform: Platform) -> None:
    first, second = a_dx_image(), a_dx_image()
    source = a_source()
    for image in (first, a_dx_image(StudyInstanceUID=first.StudyInstanceUID), second):
        store_data_set(platform, image, source=source)
    store_data_set(platform, a_dx_image(StudyInstanceUID=first.StudyInstanceUID), source=a_source())
    traced = rows(platform, "select study_uid from audit_entries where action = 'images_stored'")
    assert sorted(row[0] for row in traced) == sorted(
        [
            first.StudyInstanceUID,
            first.StudyInstanceUID,
            second.StudyInstanceUID,
        ]
    )


def test_same_bytes_again_are_success_and_leave_one_object(platform: Platform) -> None:
    image = a_dx_image()
    outcomes = [store_data_set(platform, image).outcome for _ in range(3)]
    assert outcomes == [Outcome.STORED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert len(list(platform.blobs.list_keys())) == 1


def test_other_bytes_under_a_known_uid_are_both_kept_and_the_first_stays(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    image.InstanceNumber = 2
    assert store_data_set(platform, image).outcome is Outcome.CONFLICT
    assert store_data_set(platform, image).outcome is Outcome.CONFLICT
    with platform.database.read(platform.tenant) as tx:
        assert [entry.instance_number for entry in list_instances(tx, image.StudyInstanceUID)] == [1]
        conflicts = list_conflicts(tx)
    assert [entry.sop_instance_uid for entry in conflicts] == [image.SOPInstanceUID]
    assert len(list(platform.blobs.list_keys())) == 2


def test_truncated_object_is_held_with_reason_and_hash(platform: Platform) -> None:
    data = part10_bytes(a_dx_image())[:-100]
    stored = store_bytes(platform, data)
    assert (stored.outcome, stored.refusal) == (Outcome.QUARANTINED, judge(data).refusal)
    with platform.database.read(platform.tenant) as tx:
        held = list_quarantine(tx)
    assert [entry.reason for entry in held] == [stored.refusal]
    assert rows(platform, "select count(*) from studies")[0][0] == 0
    store_bytes(platform, data)
    assert len(list(platform.blobs.list_keys())) == 1


def test_bytes_that_are_no_dicom_are_held_as_they_came(platform: Platform) -> None:
    data = b"not an image at all" * 30_000
    stored = store_bytes(platform, data)
    assert stored.outcome is Outcome.QUARANTINED
    with platform.database.read(platform.tenant) as tx:
        held = list_quarantine(tx)
    assert held[0].size == len(data)


def test_image_of_another_patient_does_not_enter_the_study(platform: Platform) -> None:
    first = a_dx_image()
    store_data_set(platform, first)
    stored = store_data_set(platform, a_dx_image(StudyInstanceUID=first.StudyInstanceUID, PatientID="SYN-0002"))
    assert (stored.outcome, stored.refusal) == (Outcome.QUARANTINED, "patient_mismatch")
    assert len(stored_bytes(platform, first.StudyInstanceUID)) == 1


def test_announced_uid_that_the_data_set_denies_is_held(platform: Platform) -> None:
    image = a_dx_image()
    incoming = begin_instance(
        platform,
        archivist(platform),
        source=a_source(),
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
        sop_class_uid=image.SOPClassUID,
        sop_instance_uid=new_uid(),
    )
    incoming.write(bare_bytes(image))
    assert incoming.commit().refusal == "uid_mismatch"


def test_five_copies_at_once_make_one_instance_and_five_successes(platform: Platform) -> None:
    image = a_ct_slice(rows=128, columns=128)
    barrier = threading.Barrier(5)

    def send(_: int) -> Outcome:
        barrier.wait()
        return store_data_set(platform, image).outcome

    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(send, range(5)))
    assert sorted(outcomes) == [Outcome.DUPLICATE] * 4 + [Outcome.STORED]
    assert rows(platform, "select count(*) from instances")[0][0] == 1
    assert rows(platform, "select count(*) from patients")[0][0] == 1
    assert len(list(platform.blobs.list_keys())) == 1


def test_study_without_patient_id_that_comes_by_five_associations_has_one_patient(platform: Platform) -> None:
    study_uid = new_uid()
    barrier = threading.Barrier(5)

    def send(_: int) -> Outcome:
        barrier.wait()
        image = a_ct_slice(StudyInstanceUID=study_uid, PatientID="", SeriesInstanceUID=new_uid())
        return store_data_set(platform, image).outcome

    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(send, range(5)))
    assert outcomes == [Outcome.STORED] * 5
    assert rows(platform, "select count(*) from patients")[0][0] == 1
    assert rows(platform, "select count(*) from events where kind = 'study_arrived'")[0][0] == 1


def test_discarded_object_leaves_neither_bytes_nor_rows(platform: Platform) -> None:
    incoming = begin_instance(platform, archivist(platform), source=a_source())
    incoming.write(part10_bytes(a_dx_image())[:5000])
    incoming.discard()
    assert list(platform.blobs.list_keys()) == []
    assert rows(platform, "select count(*) from quarantine")[0][0] == 0


def test_rows_join_the_transaction_of_the_caller(platform: Platform) -> None:
    image = a_dx_image()
    incoming = begin_instance(platform, archivist(platform), source=a_source(SourceKind.PRODUCT, "reporting"))
    incoming.write(part10_bytes(image))

    class Abandoned(Exception):
        pass

    def store_and_abandon() -> None:
        with platform.database.transaction(platform.tenant) as tx:
            assert incoming.commit(tx).outcome is Outcome.STORED
            raise Abandoned

    with pytest.raises(Abandoned):
        store_and_abandon()
    assert rows(platform, "select count(*) from instances")[0][0] == 0


def test_who_may_not_store_is_refused_before_any_byte(platform: Platform) -> None:
    referrer = a_user(platform, Role.REFERRER)
    with pytest.raises((Forbidden, NotFound)):
        begin_instance(platform, referrer, source=a_source(SourceKind.STOW, "user"))
    assert list(platform.blobs.list_keys()) == []


def test_row_keeps_the_hash_of_the_stored_bytes(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    with platform.database.read(platform.tenant) as tx:
        instance = list_instances(tx, image.StudyInstanceUID)[0]
    assert instance.blob.sha256 == hashlib.sha256(stored_bytes(platform, image.StudyInstanceUID)[0]).hexdigest()


def test_other_tenant_sees_nothing(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    with platform.database.read(TenantId(uuid4())) as tx:
        assert list_instances(tx, image.StudyInstanceUID) == []


class LossyDatabase(Database):
    """A database whose answer to the first commits is lost after, or before, they were done."""

    def __init__(self, real: Database, *, losses: int, is_committed: bool) -> None:
        self._real = real
        self._losses = losses
        self._is_committed = is_committed

    @contextmanager
    def transaction(self, tenant: TenantId) -> Iterator[Connection]:
        self._losses -= 1
        is_lost = self._losses >= 0
        with self._real.transaction(tenant) as tx:
            yield tx
            if is_lost and not self._is_committed:
                raise Unavailable("The database does not answer.", reason="database_down")
        if is_lost:
            raise Unavailable("The database does not answer.", reason="database_down")

    @contextmanager
    def read(self, tenant: TenantId) -> Iterator[Connection]:
        with self._real.read(tenant) as tx:
            yield tx


@pytest.mark.parametrize("is_committed", [True, False])
@pytest.mark.parametrize("kind", ["stored", "conflict", "quarantined"])
def test_lost_answer_to_a_commit_is_asked_for_again(platform: Platform, kind: str, is_committed: bool) -> None:
    image = a_dx_image()
    if kind == "conflict":
        store_data_set(platform, image)
        image.InstanceNumber = 5
    lossy = replace(platform, database=LossyDatabase(platform.database, losses=1, is_committed=is_committed))
    file = part10_bytes(image)
    stored = store_bytes(lossy, file[:-9] if kind == "quarantined" else file)
    assert stored.outcome.value == kind
    assert rehash(platform).damaged == []
    assert rehash(platform).checked == (2 if kind == "conflict" else 1)


def test_database_that_stays_away_is_said(platform: Platform) -> None:
    lossy = replace(platform, database=LossyDatabase(platform.database, losses=99, is_committed=False))
    with pytest.raises(Unavailable):
        store_data_set(lossy, a_dx_image())
    assert rows(platform, "select count(*) from instances")[0][0] == 0


def test_known_uid_under_an_unknown_study_makes_no_empty_study(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    image.StudyInstanceUID, image.SeriesInstanceUID, image.PatientID = new_uid(), new_uid(), "SYN-9"
    assert store_data_set(platform, image).outcome is Outcome.CONFLICT
    assert rows(platform, "select count(*) from studies")[0][0] == 1
    assert rows(platform, "select count(*) from series")[0][0] == 1
    assert rows(platform, "select count(*) from patients")[0][0] == 1
    assert [row[0] for row in rows(platform, "select kind from events order by sequence")] == [
        "patient_created",
        "study_arrived",
        "instance_conflict",
    ]


def test_association_that_begins_with_a_duplicate_is_traced_with_its_first_new_image(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    source = a_source()
    store_data_set(platform, image, source=source)
    image.SOPInstanceUID = new_uid()
    store_data_set(platform, image, source=source)
    traced = rows(platform, "select count(*) from audit_entries where action = 'images_stored'")
    assert traced[0][0] == 2


@pytest.mark.parametrize(("sides", "expected"), [("RR", "R"), ("RL", ""), ("RRL", ""), ("L", "L")])
def test_series_has_a_side_while_all_its_images_have_it(platform: Platform, sides: str, expected: str) -> None:
    image = a_dx_image()
    for side in sides:
        image.ImageLaterality, image.SOPInstanceUID = side, new_uid()
        store_data_set(platform, image)
    with platform.database.read(platform.tenant) as tx:
        assert studies.list_series(tx, image.StudyInstanceUID)[0].laterality == expected
