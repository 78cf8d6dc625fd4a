"""Receivers of what leaves by itself, and rules that send to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from uuid import UUID

from pydicom import uid
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.transport import ThreadedAssociationServer

from negatoscope.access.devices import register_device
from negatoscope.access.model import Action, Role
from negatoscope.archive.routing.model import Destination, DestinationKind, Parcel, Rule, RuleContent, Trigger
from negatoscope.archive.routing.rules import add_rule
from negatoscope.archive.routing.servers import add_server
from negatoscope.platform.runtime import Platform
from tests.builders.dicom import CT_IMAGE, DX_FOR_PRESENTATION
from tests.builders.subjects import a_user

NOTIFICATION = "1.2.840.10008.5.1.4.33"
NATIVE = (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian)


@dataclass(slots=True)
class Receiver:
    """A pynetdicom peer that keeps what it is sent, in the order in which it came, and answers with `status`."""

    ae_title: str = "VIEWER"
    syntaxes: tuple[str, ...] = NATIVE
    status: int = 0x0000
    refused: dict[str, int] = field(default_factory=dict)
    received: list[tuple[str, str, bytes]] = field(default_factory=list)
    priorities: set[int] = field(default_factory=set)
    notices: list[Dataset] = field(default_factory=list)
    port: int = 0
    server: ThreadedAssociationServer | None = None

    def start(self) -> None:
        """Listen on the port of before, or on a free one."""
        entity = AE(ae_title=self.ae_title)
        for sop_class in (DX_FOR_PRESENTATION, CT_IMAGE):
            entity.add_supported_context(sop_class, list(self.syntaxes))
        entity.add_supported_context(NOTIFICATION)
        self.server = entity.start_server(
            ("127.0.0.1", self.port),
            block=False,
            evt_handlers=[(evt.EVT_C_STORE, self._take), (evt.EVT_N_CREATE, self._note)],
        )
        assert self.server is not None
        assert self.server.socket is not None
        self.port = int(self.server.socket.getsockname()[1])

    def stop(self) -> None:
        """Listen no more."""
        assert self.server is not None
        self.server.shutdown()

    @property
    def uids(self) -> list[str]:
        """Return the instances received."""
        return [one[0] for one in self.received]

    def _take(self, event: Event) -> int:
        request = event.request
        assert isinstance(request, C_STORE)
        assert isinstance(request.DataSet, BytesIO)
        self.priorities.add(int(request.Priority or 0))
        sop_instance_uid = str(request.AffectedSOPInstanceUID)
        status = self.refused.get(sop_instance_uid, self.status)
        if status == 0:
            self.received.append((sop_instance_uid, str(event.context.transfer_syntax), request.DataSet.getvalue()))
        return status

    def _note(self, event: Event) -> tuple[int, None]:
        self.notices.append(event.attribute_list)
        return self.status, None


def a_device(platform: Platform, ae_title: str, port: int) -> UUID:
    """List a device that listens on a port of this machine."""
    device = register_device(
        platform,
        a_user(platform, Role.ADMINISTRATOR),
        ae_title=ae_title,
        description="A device of the tests",
        addresses=["127.0.0.1"],
        services=[Action.STORE_IMAGES, Action.QUERY_IMAGES, Action.RETRIEVE_IMAGES],
        host="127.0.0.1",
        port=port,
    )
    return device.device_id


def a_server(platform: Platform, base_url: str, *, secret: str = "") -> UUID:
    """List a DICOMweb server."""
    administrator = a_user(platform, Role.ADMINISTRATOR)
    return add_server(platform, administrator, name="Other archive", base_url=base_url, secret=secret).server_id


def some_content(destination_id: UUID, *, kind: DestinationKind = DestinationKind.DEVICE, **changes: object) -> RuleContent:
    """Return what a rule says that sends each study once it is complete."""
    values: dict[str, object] = {
        "trigger": Trigger.STUDY_COMPLETE,
        "parcel": Parcel.OBJECTS,
        "conditions": (),
        "destination": Destination(kind=kind, destination_id=destination_id),
    }
    return RuleContent(**(values | changes))  # type: ignore[arg-type]  # the changes are members of a rule


def a_rule(platform: Platform, content: RuleContent, *, name: str = "To the viewer", is_enabled: bool = True) -> Rule:
    """Keep a rule."""
    return add_rule(platform, a_user(platform, Role.ADMINISTRATOR), name=name, content=content, is_enabled=is_enabled)
