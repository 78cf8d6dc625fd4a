"""The same questions to our door, to Orthanc and to dcmtk's dcmqrscp; where they differ, what each says and why ours does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.association import Association as PeerAssociation
from pynetdicom.events import Event

from negatoscope.access.devices import register_device
from negatoscope.access.model import Action, Role
from negatoscope.platform.runtime import Platform
from tests.builders.dicom import a_ct_slice, a_dx_image
from tests.builders.subjects import a_user
from tests.contract.dimse.archives import Archive, dcmqrscp, is_installed, orthanc

DX = "1.2.840.10008.5.1.4.1.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
CONTROLS = {"Orthanc": orthanc, "dcmqrscp": dcmqrscp}


class Department:
    """A radiograph of one patient and three slices of another, and the viewer to which they may be sent."""

    def __init__(self) -> None:
        self.radiograph = a_dx_image(PatientName="Éluard^Zoé", PatientID="SYN-0001", StudyDate="20260315")
        first = a_ct_slice(PatientName="Martin^Alix", PatientID="SYN-0002", StudyDate="20260420", InstanceNumber=1)
        self.slices = [first, *(self._another_slice(first, number) for number in (2, 3))]
        self.arrived: set[str] = set()

    @staticmethod
    def _another_slice(first: Dataset, number: int) -> Dataset:
        return a_ct_slice(
            PatientName=first.PatientName,
            PatientID=first.PatientID,
            StudyDate=first.StudyDate,
            StudyInstanceUID=first.StudyInstanceUID,
            SeriesInstanceUID=first.SeriesInstanceUID,
            InstanceNumber=number,
        )

    @property
    def names(self) -> dict[str, str]:
        """Say of each study what it is, so that answers can be compared."""
        return {self.radiograph.StudyInstanceUID: "radiograph", self.slices[0].StudyInstanceUID: "slices"}

    def take(self, event: Event) -> int:
        self.arrived.add(str(event.request.AffectedSOPInstanceUID))  # type: ignore[union-attr]  # a C-STORE it is
        return 0x0000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, what our door answers, and what the others answer where that is something else."""

    ask: Callable[[PeerAssociation, Department], object]
    ours: object
    others: Mapping[str, object] = field(default_factory=dict)
    why: str = ""


@pytest.fixture(scope="module")
def department() -> Department:
    return Department()


@pytest.fixture(scope="module")
def viewer(department: Department) -> Iterator[int]:
    entity = AE(ae_title="VIEWER")
    for sop_class in (DX, CT):
        entity.add_supported_context(sop_class)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, department.take)])
    assert server is not None
    assert server.socket is not None
    yield int(server.socket.getsockname()[1])
    server.shutdown()


@pytest.fixture(scope="module")
def controls(tmp_path_factory: pytest.TempPathFactory, viewer: int, department: Department) -> Iterator[list[Archive]]:
    """Start the controls that are on this machine, and give them the images."""
    with ExitStack() as stack:
        started = [
            stack.enter_context(start(tmp_path_factory.mktemp(name), viewer))
            for name, start in CONTROLS.items()
            if is_installed(name)
        ]
        for archive in started:
            store(archive, department)
        yield started


@pytest.fixture
def ours(platform: Platform, port: int, viewer: int, department: Department) -> Archive:
    register_device(
        platform,
        a_user(platform, Role.ADMINISTRATOR),
        ae_title="VIEWER",
        description="Viewer of the tests",
        addresses=["127.0.0.1"],
        services=[Action.RETRIEVE_IMAGES],
        host="127.0.0.1",
        port=viewer,
    )
    archive = Archive(name="Négatoscope", port=port, ae_title="NEGATOSCOPE")
    store(archive, department)
    return archive


def associate(archive: Archive, handlers: list[tuple[object, object]] | None = None) -> PeerAssociation:
    entity = AE(ae_title="ASKER")
    entity.requested_contexts = [*(build_context(model) for model in (FIND, MOVE, GET)), build_context(DX), build_context(CT)]
    roles = [build_role(sop_class, scu_role=True, scp_role=True) for sop_class in (DX, CT)]
    association = entity.associate(
        "127.0.0.1",
        archive.port,
        ae_title=archive.ae_title,
        ext_neg=roles,  # type: ignore[arg-type]  # roles are one of the union
        evt_handlers=handlers or [],  # type: ignore[arg-type]  # pairs of event and function
    )
    assert association.is_established
    return association


def store(archive: Archive, department: Department) -> None:
    association = associate(archive)
    for image in (department.radiograph, *department.slices):
        image.file_meta = FileMetaDataset()
        image.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
        image.set_original_encoding(True, True)
        assert association.send_c_store(image).Status == 0x0000, archive.name
    association.release()


def an_identifier(level: str, **keys: object) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    identifier.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def studies(**keys: object) -> Callable[[PeerAssociation, Department], object]:
    """Ask for studies; the answer is which were found, or the failure."""

    def ask(association: PeerAssociation, department: Department) -> object:
        answers = list(association.send_c_find(an_identifier("STUDY", StudyInstanceUID="", **keys), FIND))
        if answers[-1][0].Status:
            return f"{answers[-1][0].Status:04X}"
        return sorted(department.names[match.StudyInstanceUID] for _, match in answers if match is not None)

    return ask


def both_listed(association: PeerAssociation, department: Department) -> object:
    identifier = an_identifier("STUDY", StudyInstanceUID=list(department.names))
    return len([match for _, match in association.send_c_find(identifier, FIND) if match is not None])


def below(level: str, *keys: str) -> Callable[[PeerAssociation, Department], object]:
    """Count what is found below the study of the slices, these unique keys given."""

    def ask(association: PeerAssociation, department: Department) -> object:
        identifier = an_identifier(level, **{key: getattr(department.slices[0], key) for key in keys})
        identifier.setdefault("SeriesInstanceUID", "")
        if level == "IMAGE":
            identifier.SOPInstanceUID = ""
        answers = list(association.send_c_find(identifier, FIND))
        failure = answers[-1][0].Status
        return f"{failure:04X}" if failure else len(answers) - 1

    return ask


def a_level_that_is_none(association: PeerAssociation, department: Department) -> object:
    answers = list(association.send_c_find(an_identifier("NONSENSE", StudyInstanceUID=""), FIND))
    return f"{answers[-1][0].Status:04X}"


def pending_status_with_an_unknown_key(association: PeerAssociation, department: Department) -> object:
    identifier = an_identifier("STUDY", StudyInstanceUID="", PatientID="SYN-0001", PatientComments="x")
    return [f"{status.Status:04X}" for status, _ in association.send_c_find(identifier, FIND)]


def final_of(answers: list[tuple[Dataset, Dataset | None]]) -> tuple[str, int, int]:
    status = answers[-1][0]
    completed, failed = status.get("NumberOfCompletedSuboperations"), status.get("NumberOfFailedSuboperations")
    return f"{status.Status:04X}", int(completed or 0), int(failed or 0)


def get_slices(association: PeerAssociation, department: Department) -> object:
    identifier = an_identifier("STUDY", StudyInstanceUID=department.slices[0].StudyInstanceUID)
    return final_of(list(association.send_c_get(identifier, GET)))


def get_nothing(association: PeerAssociation, department: Department) -> object:
    return final_of(list(association.send_c_get(an_identifier("STUDY", StudyInstanceUID="1.2.3.4"), GET)))


def move_slices(association: PeerAssociation, department: Department) -> object:
    department.arrived.clear()
    identifier = an_identifier("STUDY", StudyInstanceUID=department.slices[0].StudyInstanceUID)
    final = final_of(list(association.send_c_move(identifier, "VIEWER", MOVE)))
    return (*final, department.arrived == {str(image.SOPInstanceUID) for image in department.slices})


def counts_while_moving(association: PeerAssociation, department: Department) -> object:
    identifier = an_identifier("STUDY", StudyInstanceUID=department.slices[0].StudyInstanceUID)
    answers = list(association.send_c_move(identifier, "VIEWER", MOVE))
    return [int(status.NumberOfRemainingSuboperations) for status, _ in answers[:-1]]


def move_to_a_stranger(association: PeerAssociation, department: Department) -> object:
    identifier = an_identifier("STUDY", StudyInstanceUID=department.slices[0].StudyInstanceUID)
    return f"{list(association.send_c_move(identifier, 'STRANGER', MOVE))[-1][0].Status:04X}"


QUESTIONS: Mapping[str, Question] = {
    "patient identifier": Question(ask=studies(PatientID="SYN-0002"), ours=["slices"]),
    "wildcard": Question(ask=studies(PatientID="SYN-000?"), ours=["radiograph", "slices"]),
    "range of dates": Question(ask=studies(StudyDate="20260401-20260430"), ours=["slices"]),
    "open range of dates": Question(ask=studies(StudyDate="-20260331"), ours=["radiograph"]),
    "modality in study": Question(
        ask=studies(ModalitiesInStudy="CT"),
        ours=["slices"],
        others={"dcmqrscp": ["radiograph", "slices"]},
        why="dcmqrscp does not keep the attribute and passes over the key without a word",
    ),
    "name in small letters": Question(
        ask=studies(PatientName="martin*"),
        ours=["slices"],
        others={"dcmqrscp": []},
        why="a provider may match names with regard to case; people do not type so",
    ),
    "name without accents": Question(
        ask=studies(PatientName="ELUARD*"),
        ours=["radiograph"],
        others={"Orthanc": [], "dcmqrscp": []},
        why="a provider may match names with regard to accents; keyboards without them exist",
    ),
    "list of identifiers": Question(ask=both_listed, ours=2),
    "series of a study": Question(ask=below("SERIES", "StudyInstanceUID"), ours=1),
    "images of a series": Question(ask=below("IMAGE", "StudyInstanceUID", "SeriesInstanceUID"), ours=3),
    "images without the keys above": Question(
        ask=below("IMAGE"),
        ours="A900",
        others={"Orthanc": 4, "dcmqrscp": "C000"},
        why="no relational query was agreed on; Orthanc answers as if it had been",
    ),
    "lower key at study level": Question(
        ask=studies(Modality="CT"),
        ours="A900",
        others={"Orthanc": [], "dcmqrscp": ["radiograph", "slices"]},
        why="no relational query was agreed on; one control finds nothing and the other everything, neither says so",
    ),
    "level that is none": Question(
        ask=a_level_that_is_none,
        ours="A900",
        others={"Orthanc": "C000", "dcmqrscp": "C000"},
        why="the identifier does not match the SOP class (PS3.4 table C.4-1); the controls say that they cannot process it",
    ),
    "unknown key": Question(
        ask=pending_status_with_an_unknown_key,
        ours=["FF01", "0000"],
        others={"Orthanc": ["0000"], "dcmqrscp": ["0000"]},
        why="an optional key by which we do not match is passed over and told so; the controls find nothing",
    ),
    "get": Question(ask=get_slices, ours=("0000", 3, 0)),
    "get of nothing": Question(
        ask=get_nothing,
        ours=("0000", 0, 0),
        others={"Orthanc": ("C000", 0, 0)},
        why="nothing matched and nothing failed; Orthanc calls that a failure",
    ),
    "move": Question(ask=move_slices, ours=("0000", 3, 0, True)),
    "counts while moving": Question(
        ask=counts_while_moving,
        ours=[2, 1],
        others={"dcmqrscp": [2, 1, 0]},
        why="after the last sub-operation the final response has the counts; dcmqrscp sends one pending response more",
    ),
    "move to a stranger": Question(
        ask=move_to_a_stranger, ours="A801", others={"Orthanc": "C000"}, why="PS3.4 table C.4-2 has a status for it"
    ),
}


def test_the_same_questions_are_answered_as_is_written_down(
    ours: Archive, controls: list[Archive], department: Department
) -> None:
    found: dict[str, dict[str, object]] = {}
    for archive in (ours, *controls):
        for name, question in QUESTIONS.items():
            association = associate(archive, [(evt.EVT_C_STORE, lambda event: 0x0000)])
            found.setdefault(name, {})[archive.name] = question.ask(association, department)
            association.release()
    expected = {
        name: {archive.name: question.others.get(archive.name, question.ours) for archive in (ours, *controls)}
        for name, question in QUESTIONS.items()
    }
    assert found == expected


def test_each_difference_is_explained() -> None:
    assert [name for name, question in QUESTIONS.items() if bool(question.others) != bool(question.why)] == []
