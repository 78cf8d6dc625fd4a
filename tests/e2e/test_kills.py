"""The campaign of kills in short: each kind of victim, and some failpoints; nothing that was acknowledged is lost."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from negatoscope.platform.blobs.local import LocalBlobStore
from tests.campaigns.kills import Campaign
from tests.campaigns.senders import StorageSender


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nego-kills-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_what_was_acknowledged_outlives_kills(folder: Path) -> None:
    said: list[str] = []
    campaign = Campaign(folder, 1, said.append)
    campaign.run(15)
    assert campaign.tally.kills >= 15
    assert campaign.tally.acknowledged > 15
    assert campaign.tally.lost == 0
    assert "the audit chain holds" in said[-1]


def test_the_campaign_can_fail(folder: Path) -> None:
    """An object that goes behind the back of the product after its acknowledgement is noticed, and so is another byte."""
    campaign = Campaign(folder, 2, str)
    installation = campaign.installation
    sender = StorageSender(installation.dicom_port)
    try:
        installation.start_dimse()
        sent = campaign.maker.next()
        assert sender.send([sent]) == [sent]
        campaign.acknowledge(sent)
        campaign.check_fresh()
        campaign.acknowledge(replace(sent, sha256="0" * 64))
        with pytest.raises(AssertionError, match="other bytes"):
            campaign.check_fresh()
        assert isinstance(installation.platform.blobs, LocalBlobStore)
        for key, _ in list(installation.platform.blobs.list_keys()):
            installation.platform.blobs.delete_key(key)
        campaign.acknowledge(sent)
        with pytest.raises(AssertionError, match="missing_object"):
            campaign.check_fresh()
    finally:
        sender.close()
        campaign.close()
