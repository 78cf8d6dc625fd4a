"""DICOM over TLS, with dcmtk, pynetdicom and OpenSSL as peers: mutual, modern, and a device is its certificate."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association as PeerAssociation
from pynetdicom.events import Event
from sqlalchemy import text

from negatoscope.access.devices import register_device
from negatoscope.access.model import Action, Role
from negatoscope.archive import study_store
from negatoscope.doors.dimse.pdu import PduType, Rejection
from negatoscope.doors.dimse.pdu_encoding import encode_pdu
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.associations import a_request
from tests.builders.certificates import Authority, Issued
from tests.builders.dicom import a_dx_image, a_file
from tests.builders.subjects import a_user
from tests.contract.dimse.conftest import RawPeer
from tests.contract.dimse.peers import associated, run_dcmtk

VERIFICATION = "1.2.840.10008.1.1"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def ours(authority: Authority) -> Issued:
    return authority.issue("archive")


@pytest.fixture(scope="module")
def modality(authority: Authority) -> Issued:
    return authority.issue("modality")


@pytest.fixture
def secured(authority: Authority, ours: Issued) -> dict[str, object]:
    return {
        "dicom_tls_certificate": ours.certificate,
        "dicom_tls_key": ours.key,
        "dicom_tls_authorities": authority.file,
    }


@pytest.fixture
def tls_port(serve: Callable[..., int], secured: dict[str, object]) -> int:
    return serve(tls=True, settings=secured)


def a_client(authority: Authority, issued: Issued | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.file)
    if issued is not None:
        context.load_cert_chain(issued.certificate, issued.key)
    return context


def associate(port: int, context: ssl.SSLContext, calling: str = "DX1") -> PeerAssociation:
    entity = AE(ae_title=calling)
    entity.requested_contexts = [build_context(VERIFICATION)]
    return entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE", tls_args=(context, "127.0.0.1"))


def test_dcmtk_echoes_and_stores_over_tls(
    platform: Platform, tls_port: int, authority: Authority, modality: Issued, tmp_path: Path
) -> None:
    image = a_dx_image()
    file = tmp_path / "image.dcm"
    file.write_bytes(a_file(image))
    secure = ("+tls", str(modality.key), str(modality.certificate), "+cf", str(authority.file))
    run_dcmtk("echoscu", "-v", "-aec", "NEGATOSCOPE", *secure, "127.0.0.1", str(tls_port))
    run_dcmtk("storescu", "-v", "-aec", "NEGATOSCOPE", *secure, "127.0.0.1", str(tls_port), str(file))
    with platform.database.read(platform.tenant) as tx:
        assert study_store.find_instance(tx, image.SOPInstanceUID) is not None


def test_pynetdicom_echoes_over_tls(tls_port: int, authority: Authority, modality: Issued) -> None:
    association = associate(tls_port, a_client(authority, modality))
    assert association.is_established
    assert association.send_c_echo().Status == 0x0000
    association.release()


def test_a_peer_without_certificate_or_with_one_of_a_stranger_gets_no_association(
    tls_port: int, authority: Authority, modality: Issued, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger", name="Somebody").issue("modality")
    assert is_heard(tls_port, a_client(authority, modality))
    for shown in (None, stranger):
        assert not is_heard(tls_port, a_client(authority, shown))


def is_heard(port: int, context: ssl.SSLContext) -> bool:
    """Tell whether an association request over TLS gets any answer."""
    try:
        return bool(ask(port, context))
    except OSError:
        return False


def ask(port: int, context: ssl.SSLContext | None, calling: str = "DX1") -> bytes:
    """Send an association request, over TLS or in the clear, and return the first ten bytes of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        peer = plain if context is None else context.wrap_socket(plain, server_hostname="127.0.0.1")
        with peer, peer.makefile("rb") as received:
            peer.sendall(encode_pdu(a_request(calling=calling)))
            return received.read(10)


def test_a_peer_needs_no_certificate_where_that_is_set_so(
    serve: Callable[..., int], secured: dict[str, object], authority: Authority
) -> None:
    port = serve(tls=True, settings={**secured, "dicom_tls_peers": "optional"})
    association = associate(port, a_client(authority, None))
    assert association.is_established
    association.release()


@pytest.mark.parametrize(
    ("options", "is_agreed"),
    [
        (("-tls1_3",), True),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), True),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"), True),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"), False),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-CCM"), False),
        (("-tls1_1", "-cipher", "ALL@SECLEVEL=0"), False),
        (("-tls1", "-cipher", "ALL@SECLEVEL=0"), False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_only_the_protocols_and_suites_of_the_profile_are_agreed(
    tls_port: int, authority: Authority, modality: Issued, options: tuple[str, ...], is_agreed: bool
) -> None:
    files = ("-CAfile", str(authority.file), "-cert", str(modality.certificate), "-key", str(modality.key))
    command = ("openssl", "s_client", "-connect", f"127.0.0.1:{tls_port}", "-verify_return_error", *files, *options)
    result = subprocess.run(command, input="", capture_output=True, text=True, timeout=30, check=False)
    agreed = "Cipher is (NONE)" not in result.stdout and "Verify return code: 0" in result.stdout
    assert agreed == is_agreed, result.stdout + result.stderr


def test_attack_25_silent_handshakes_of_one_address_are_thinned_out_and_starve_nobody(
    tls_port: int, authority: Authority, modality: Issued, connect: Callable[[int], RawPeer], clock: TurnedClock
) -> None:
    silent = [connect(tls_port) for _ in range(40)]
    context = a_client(authority, modality)
    associate(tls_port, context).release()  # connections are taken in their order: the silent ones have been
    clock.turn(timedelta(seconds=4))
    assert all(peer.receive_pdu() is None for peer in silent[16:])
    association = associate(tls_port, context)
    assert association.is_established
    association.release()
    clock.turn(timedelta(seconds=10))
    assert all(peer.receive_pdu() is None for peer in silent[:16])


def bind_device(platform: Platform, ae_title: str, **what: object) -> None:
    register_device(
        platform,
        a_user(platform, Role.ADMINISTRATOR),
        ae_title=ae_title,
        description="Device of the tests",
        addresses=["127.0.0.1"],
        services=[Action.STORE_IMAGES, Action.RETRIEVE_IMAGES],
        **what,  # type: ignore[arg-type]  # the certificate or the address, as the test wants
    )


def test_attack_28_a_device_is_its_certificate_and_no_other_nor_none(
    platform: Platform,
    serve: Callable[..., int],
    secured: dict[str, object],
    authority: Authority,
    modality: Issued,
) -> None:
    bind_device(platform, "DX1", certificate_sha256=modality.sha256)
    plain = serve(demonstration=False)
    port = serve(demonstration=False, tls=True, settings=secured)
    right = a_client(authority, modality)
    assert ask(port, right)[:1] == bytes((PduType.ASSOCIATE_AC,))
    refusal = encode_pdu(Rejection.CALLING_AE_TITLE)
    assert ask(port, a_client(authority, authority.issue("other"))) == refusal
    assert ask(plain, None) == refusal
    assert ask(port, right, calling="NOBODY") == refusal
    with platform.database.read(platform.tenant) as tx:
        query = text("select reason from audit_entries where action = 'associate' and outcome = 'refused'")
        reasons = sorted(tx.execute(query).scalars())
    assert reasons == ["certificate_not_shown", "certificate_of_another", "unknown_calling_ae_title"]


@pytest.fixture
def receiver(authority: Authority) -> Iterator[tuple[int, Issued, list[str]]]:
    """A storage provider that listens with TLS: its port, its certificate, what it was sent."""
    issued = authority.issue("viewer")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.file)
    context.load_cert_chain(issued.certificate, issued.key)
    context.verify_mode = ssl.CERT_REQUIRED
    received: list[str] = []

    def take(event: Event) -> int:
        received.append(str(event.request.AffectedSOPInstanceUID))  # type: ignore[union-attr]  # a C-STORE it is
        return 0x0000

    entity = AE(ae_title="VIEWER")
    entity.add_supported_context(DX, [uid.ExplicitVRLittleEndian])
    server = entity.start_server(("127.0.0.1", 0), block=False, ssl_context=context, evt_handlers=[(evt.EVT_C_STORE, take)])
    assert server is not None
    assert server.socket is not None
    yield int(server.socket.getsockname()[1]), issued, received
    server.shutdown()


def move(port: int, study_uid: str, destination: str) -> int:
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", study_uid
    with associated(port, STUDY_ROOT_MOVE, calling="MOVER") as association:
        return int(list(association.send_c_move(identifier, destination, STUDY_ROOT_MOVE))[-1][0].Status)


def test_objects_move_over_tls_to_the_holder_of_the_certificate_alone(
    platform: Platform,
    serve: Callable[..., int],
    secured: dict[str, object],
    receiver: tuple[int, Issued, list[str]],
    modality: Issued,
) -> None:
    listens_at, issued, received = receiver
    image = a_dx_image()
    store_data_set(platform, image)
    address = {"port": listens_at, "uses_tls": True}
    bind_device(platform, "BOUND", host="127.0.0.1", certificate_sha256=issued.sha256, **address)
    bind_device(platform, "NAMED", host="127.0.0.1", **address)
    bind_device(platform, "ANOTHER", host="127.0.0.1", certificate_sha256=modality.sha256, **address)
    bind_device(platform, "MISNAMED", host="localhost", **address)
    port = serve(settings=secured)
    statuses = [move(port, image.StudyInstanceUID, title) for title in ("BOUND", "NAMED", "ANOTHER", "MISNAMED")]
    assert statuses == [0x0000, 0x0000, 0xA702, 0xA702]
    assert received == [image.SOPInstanceUID] * 2
