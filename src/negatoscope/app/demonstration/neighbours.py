"""The neighbours of the demonstration department: a console, another archive, and a rule and a source that are off."""

from __future__ import annotations

from uuid import uuid4

from negatoscope.access import devices
from negatoscope.access.model import Action, Subject
from negatoscope.access.store.devices import find_device
from negatoscope.archive.prefetch.model import PriorSource, SourceKind
from negatoscope.archive.prefetch.sources import add_source
from negatoscope.archive.prefetch.store import list_sources
from negatoscope.archive.routing import rule_store, rules, servers
from negatoscope.archive.routing.model import (
    Condition,
    Destination,
    DestinationKind,
    Operator,
    Parcel,
    RuleContent,
    TransferPriority,
    Trigger,
)
from negatoscope.platform.runtime import Platform

CONSOLE = "BLOC1"
CONSOLE_PORT = 11113
ARCHIVE = "Archive du groupe hospitalier"
ARCHIVE_URL = "http://127.0.0.1:8042/dicom-web"
SOURCE = "Antérieurs du groupe hospitalier"
ISSUER_OF_THE_GROUP = "GROUPE"
RULE = "Radiographies vers la console du bloc"


def make_neighbours(platform: Platform, system: Subject) -> None:
    """List the neighbours unless they are; nothing is sent to them and they are asked nothing until somebody wants it."""
    with platform.database.read(platform.tenant) as tx:
        console = find_device(tx, CONSOLE)
        known_servers = {server.name: server.server_id for server in rule_store.list_servers(tx)}
        known_sources = {source.name for source in list_sources(tx)}
        known_rules = {rule.name for rule in rule_store.list_rules(tx)}
    if console is None:
        console = devices.register_device(
            platform,
            system,
            ae_title=CONSOLE,
            description="Console du bloc opératoire",
            addresses=["127.0.0.1"],
            services=[Action.QUERY_IMAGES, Action.RETRIEVE_IMAGES],
            host="127.0.0.1",
            port=CONSOLE_PORT,
        )
    archive_id = known_servers.get(ARCHIVE)
    if archive_id is None:
        archive_id = servers.add_server(platform, system, name=ARCHIVE, base_url=ARCHIVE_URL).server_id
    if SOURCE not in known_sources:
        source = PriorSource(
            source_id=uuid4(),
            name=SOURCE,
            kind=SourceKind.SERVER,
            peer_id=archive_id,
            patient_issuer=ISSUER_OF_THE_GROUP,
            is_enabled=False,
        )
        add_source(platform, system, source)
    if RULE not in known_rules:
        content = RuleContent(
            trigger=Trigger.STUDY_COMPLETE,
            parcel=Parcel.OBJECTS,
            conditions=(Condition(keyword="Modality", operator=Operator.ONE_OF, values=("DX", "CR")),),
            destination=Destination(kind=DestinationKind.DEVICE, destination_id=console.device_id),
            priority=TransferPriority.HIGH,
        )
        rules.add_rule(platform, system, name=RULE, content=content, is_enabled=False)
