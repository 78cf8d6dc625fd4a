"""Who stands behind a request: roles, subjects and how sure we are of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from negatoscope.access.actions import DEVICE_ACTIONS, Action
from negatoscope.audit.model import Actor
from negatoscope.platform.database import TenantId

__all__ = ["Action", "AuthLevel", "Role", "Subject", "SubjectKind", "device_subject", "system_subject"]


class Role(StrEnum):
    """What a person does in the department. A person may hold several; their rights add up."""

    SECRETARY = "secretary"
    RADIOGRAPHER = "radiographer"
    RESIDENT = "resident"
    RADIOLOGIST = "radiologist"
    LEAD_RADIOLOGIST = "lead_radiologist"
    REFERRER = "referrer"
    PATIENT = "patient"
    PHYSICIST = "physicist"
    IDENTITY_OFFICER = "identity_officer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


RESTRICTED_ROLES = frozenset({Role.REFERRER, Role.PATIENT})
"""Whoever holds only these learns nothing of what he may not see: he is answered 'not found', never 'forbidden'."""


class SubjectKind(StrEnum):
    """What sort of party a subject is."""

    USER = "user"
    DEVICE = "device"
    SYSTEM = "system"
    SHARE = "share"


class AuthLevel(StrEnum):
    """By what the subject was recognised."""

    PASSWORD = "password"  # noqa: S105 - the name of a level, not a secret
    TWO_FACTOR = "two_factor"
    TOKEN = "token"  # noqa: S105 - the name of a level, not a secret
    SHARE_CODE = "share_code"
    DEVICE = "device"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who asks, as found at `seen_at`; made anew for each request, so that a revoked right ends at once.

    `authenticated_at` is the last time a person proved who they are (sign-in or step-up); None for machines and
    bearer tokens. `study_uids` are what a share opens, as long as they are those of `shared_patient_id`. `limited_to`, where given, cuts the rights down to those actions (token scopes, device services,
    scope of a share).
    """

    tenant: TenantId
    kind: SubjectKind
    user_id: UUID | None = None
    login: str | None = None
    display_name: str
    roles: frozenset[Role] = frozenset()
    auth_level: AuthLevel
    authenticated_at: datetime | None = None
    seen_at: datetime | None = None
    patient_id: UUID | None = None
    study_uids: frozenset[str] = frozenset()
    shared_patient_id: UUID | None = None
    limited_to: frozenset[Action] | None = None
    address: str | None = None
    ae_title: str | None = None
    professional_identifier: str | None = None
    session_id: UUID | None = None
    share_id: UUID | None = None
    language: str | None = None
    theme: str | None = None

    @property
    def actor(self) -> Actor:
        """Return how the audit trail names this subject."""
        return Actor(
            kind=self.kind.value,
            user_id=self.user_id,
            name=self.display_name,
            roles=tuple(sorted(role.value for role in self.roles)),
            auth_level=self.auth_level.value,
            address=self.address,
        )

    @property
    def is_restricted(self) -> bool:
        """Tell whether this subject must not learn that something exists which it may not see."""
        return self.kind is SubjectKind.SHARE or (self.kind is SubjectKind.USER and self.roles <= RESTRICTED_ROLES)


def system_subject(tenant: TenantId, name: str) -> Subject:
    """Return the product itself at work in the background, `name` saying which part of it."""
    return Subject(tenant=tenant, kind=SubjectKind.SYSTEM, display_name=name, auth_level=AuthLevel.SYSTEM)


def device_subject(
    tenant: TenantId, ae_title: str, address: str | None, *, services: frozenset[Action] = DEVICE_ACTIONS
) -> Subject:
    """Return a device or a neighbouring system, named by its AE title or sending application."""
    return Subject(
        tenant=tenant,
        kind=SubjectKind.DEVICE,
        display_name=ae_title,
        auth_level=AuthLevel.DEVICE,
        limited_to=services,
        address=address,
        ae_title=ae_title,
    )
