"""The partners of the journey: a hospital system that speaks HL7, and a modality made of dcmtk and pynetdicom."""

from __future__ import annotations

import socket
import subprocess
import threading
from datetime import datetime
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import ModalityPerformedProcedureStep  # type: ignore[attr-defined]  # made at run time

START, END = b"\x0b", b"\x1c\x0d"


def send_hl7(port: int, message: str) -> list[list[str]]:
    """Send one message over MLLP; return the acknowledgement as segments of fields."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(START + message.replace("\n", "\r").encode() + END)
        received = b""
        while not received.endswith(END):
            chunk = connection.recv(65_536)
            assert chunk, "the connection was closed before the acknowledgement"
            received += chunk
    text = received.removeprefix(START).removesuffix(END).decode()
    return [segment.split("|") for segment in text.split("\r") if segment]


def segment(message: list[list[str]], name: str) -> list[str]:
    """Return the fields of the first segment of this name; index as in the standard (the name itself is 0)."""
    return next(fields for fields in message if fields[0] == name)


class ResultsReceiver:
    """The requesting system: it hangs up on the first delivery, as a system that restarts does, then acknowledges."""

    def __init__(self, port: int) -> None:
        self.messages: list[str] = []
        self.refused = 0
        self._server = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        received = b""
        while not received.endswith(END):
            chunk = connection.recv(65_536)
            if not chunk:
                return
            received += chunk
        if self.refused == 0:
            self.refused += 1
            return
        message = received.removeprefix(START).removesuffix(END).decode()
        self.messages.append(message)
        control = message.split("\r")[0].split("|")[9]
        answer = f"MSH|^~\\&|HIS|HOSPITAL|NEGATOSCOPE||{datetime.now():%Y%m%d%H%M%S}||ACK^R01^ACK|A{control}|P|2.5\rMSA|AA|{control}\r"  # noqa: DTZ005 - local, as HL7 has it
        connection.sendall(START + answer.encode() + END)


def ask_worklist(port: int, folder: Path, *, station: str, accession_number: str) -> list[Dataset]:
    """Ask the modality worklist with dcmtk's findscu; return the answers."""
    folder.mkdir()
    keys = [
        "0008,0050=" + accession_number,
        "0010,0010",
        "0010,0020",
        "0010,0021",
        "0010,0030",
        "0010,0040",
        "0020,000d",
        "0032,1060",
        "0040,1001",
        "(0040,0100)[0].0008,0060",
        f"(0040,0100)[0].0040,0001={station}",
        "(0040,0100)[0].0040,0002",
        "(0040,0100)[0].0040,0003",
        "(0040,0100)[0].0040,0009",
    ]
    command = ["findscu", "-W", "-X", "-od", str(folder), "-aet", station, "-aec", "NEGATOSCOPE", "127.0.0.1", str(port)]
    for key in keys:
        command += ["-k", key]
    subprocess.run(command, check=True, capture_output=True)
    return [pydicom.dcmread(path, force=True) for path in sorted(folder.iterdir())]


class PerformedStep:
    """A performed step as a modality reports it."""

    def __init__(self, port: int, station: str, scheduled: Dataset) -> None:
        self.uid = generate_uid()
        self._station = station
        entity = AE(ae_title=station)
        entity.add_requested_context(ModalityPerformedProcedureStep)
        self._association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE")
        assert self._association.is_established
        self._scheduled = scheduled

    def begin(self) -> int:
        """Open the step; return the status."""
        scheduled, now = self._scheduled, datetime.now()  # noqa: DTZ005 - DICOM times are local
        step = scheduled.ScheduledProcedureStepSequence[0]
        reference = Dataset()
        reference.StudyInstanceUID = scheduled.StudyInstanceUID
        reference.AccessionNumber = scheduled.AccessionNumber
        reference.RequestedProcedureID = scheduled.RequestedProcedureID
        reference.ScheduledProcedureStepID = step.ScheduledProcedureStepID
        attributes = Dataset()
        attributes.ScheduledStepAttributesSequence = Sequence([reference])
        for keyword in ("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"):
            setattr(attributes, keyword, scheduled.get(keyword, ""))
        attributes.PerformedProcedureStepID = step.ScheduledProcedureStepID
        attributes.PerformedStationAETitle = self._station
        attributes.PerformedProcedureStepStartDate = f"{now:%Y%m%d}"
        attributes.PerformedProcedureStepStartTime = f"{now:%H%M%S}"
        attributes.PerformedProcedureStepStatus = "IN PROGRESS"
        attributes.Modality = step.Modality
        attributes.PerformedSeriesSequence = Sequence([])
        status, _ = self._association.send_n_create(attributes, ModalityPerformedProcedureStep, self.uid)
        return int(status.Status)

    def complete(self, images: list[Dataset]) -> int:
        """Close the step with the images it made; return the status."""
        now = datetime.now()  # noqa: DTZ005 - DICOM times are local
        by_series: dict[str, list[Dataset]] = {}
        for image in images:
            by_series.setdefault(str(image.SeriesInstanceUID), []).append(image)
        items = []
        for series_uid, members in by_series.items():
            series = Dataset()
            series.SeriesInstanceUID, series.ProtocolName = series_uid, "essai"
            references = []
            for member in members:
                reference = Dataset()
                reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = member.SOPClassUID, member.SOPInstanceUID
                references.append(reference)
            series.ReferencedImageSequence = Sequence(references)
            items.append(series)
        changes = Dataset()
        changes.PerformedProcedureStepStatus = "COMPLETED"
        changes.PerformedProcedureStepEndDate, changes.PerformedProcedureStepEndTime = f"{now:%Y%m%d}", f"{now:%H%M%S}"
        changes.PerformedSeriesSequence = Sequence(items)
        status, _ = self._association.send_n_set(changes, ModalityPerformedProcedureStep, self.uid)
        return int(status.Status)

    def leave(self) -> None:
        self._association.release()
