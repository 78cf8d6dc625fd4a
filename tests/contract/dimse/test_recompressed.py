"""A recompressed object leaves by C-GET as its peer takes it: the very data set that was received, or the kept form."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.events import Event

from negatoscope.archive.recompression.model import Codec, Result
from negatoscope.archive.recompression.rewriting import recompress
from negatoscope.archive.study_store import find_instance
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, JPEG_LS_LOSSLESS
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import CT_IMAGE, a_ct_slice, bare_bytes

GET = "1.2.840.10008.5.1.4.1.2.2.3"


@pytest.mark.parametrize("received", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN])
@pytest.mark.parametrize("taken", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, JPEG_LS_LOSSLESS])
def test_the_peer_gets_what_was_received_or_what_is_kept(platform: Platform, port: int, received: str, taken: str) -> None:
    image = a_ct_slice(rows=64, columns=64)
    store_data_set(platform, image, received)
    with platform.database.read(platform.tenant) as tx:
        instance = find_instance(tx, str(image.SOPInstanceUID))
    assert instance is not None
    assert recompress(platform, instance, JPEG_LS_LOSSLESS, trace=lambda *_: None) is Result.RECOMPRESSED
    arrived: list[tuple[str, bytes]] = []

    def take(event: Event) -> int:
        data_set = event.request.DataSet  # type: ignore[union-attr]  # a C-STORE it is
        assert isinstance(data_set, BytesIO)
        arrived.append((str(event.context.transfer_syntax), data_set.getvalue()))
        return 0x0000

    entity = AE(ae_title="GETTER")
    entity.requested_contexts = [build_context(GET), build_context(CT_IMAGE, taken)]
    association = entity.associate(
        "127.0.0.1",
        port,
        ae_title="NEGATOSCOPE",
        ext_neg=[build_role(CT_IMAGE, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, take)],
    )
    assert association.is_established
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", image.StudyInstanceUID
    final = list(association.send_c_get(identifier, GET))[-1][0]
    association.release()
    assert final.Status == 0x0000
    ((syntax, data_set_bytes),) = arrived
    assert syntax == taken
    if taken == received:
        assert data_set_bytes == bare_bytes(image, received)
    elif taken != JPEG_LS_LOSSLESS:
        assert data_set_bytes.endswith(image.PixelData)
    else:
        assert len(data_set_bytes) < len(image.PixelData)


def test_both_codecs_have_a_syntax_that_peers_know() -> None:
    assert {codec.transfer_syntax_uid for codec in Codec} == {"1.2.840.10008.1.2.4.202", JPEG_LS_LOSSLESS}
