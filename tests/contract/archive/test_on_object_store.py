"""The whole way of an image on an S3 server instead of a folder."""

from __future__ import annotations

from dataclasses import replace

import boto3  # type: ignore[import-untyped]  # ships no types
import pytest
from moto.server import ThreadedMotoServer

from negatoscope.archive.model import Outcome
from negatoscope.archive.open import open_frames, open_instances
from negatoscope.archive.verify import rehash
from negatoscope.platform.blobs import open_blob_store
from negatoscope.platform.blobs.objects import ObjectBlobStore
from negatoscope.platform.errors import Unavailable
from negatoscope.platform.runtime import Platform
from negatoscope.platform.settings import Settings
from tests.builders.archive import archivist, store_data_set
from tests.builders.dicom import a_dx_image, bare_bytes


def test_image_is_stored_read_and_verified(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        for name, value in {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        maker = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        maker.create_bucket(Bucket="images")
        maker.close()
        settings = Settings(data=platform.settings.data, objects_url="s3://images/hospital")
        remote = replace(platform, blobs=open_blob_store(settings, platform.tenant))
        assert isinstance(remote.blobs, ObjectBlobStore)
        image = a_dx_image(rows=1500, columns=1200)
        assert [store_data_set(remote, image).outcome for _ in range(2)] == [Outcome.STORED, Outcome.DUPLICATE]
        assert len(list(remote.blobs.list_keys())) == 1
        opened = open_instances(remote, archivist(remote), study_uid=image.StudyInstanceUID)[0]
        assert b"".join(opened.chunks(opened.data_set_offset)) == bare_bytes(image)
        frames = open_frames(
            remote,
            archivist(remote),
            study_uid=image.StudyInstanceUID,
            series_uid=image.SeriesInstanceUID,
            sop_instance_uid=image.SOPInstanceUID,
            frames=(1,),
        )
        assert b"".join(frames.stored(1)) == image.PixelData
        assert rehash(remote).damaged == []
    finally:
        server.stop()
    with pytest.raises(Unavailable):
        store_data_set(remote, a_dx_image())
