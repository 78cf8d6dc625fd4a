"""Routing rules on the screen: listed, written in a form, tried on the studies that are here, switched on and off."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from negatoscope.access import devices
from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.access.policy import has_fresh_proof
from negatoscope.archive.routing import rules, servers, transfers
from negatoscope.archive.routing.model import Rule
from negatoscope.archive.routing.rule_documents import changed_members
from negatoscope.archive.routing.trying import Trial, try_rule
from negatoscope.doors.web import routing_words
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import gettext
from negatoscope.doors.web.routing_form import TRIED, RuleForm, destination_key
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, StaleVersion

router = APIRouter(include_in_schema=False)

Manager = Annotated[Subject, Depends(requires(Action.MANAGE_DEVICES))]
RuleFields = Annotated[RuleForm, Form()]


@router.get("/routing")
def show_rules(request: Request, subject: Manager) -> Response:
    """List the rules by name."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        found = rules.list_rules(tx, subject)
        names = _destinations(tx, subject)
        parked = transfers.count_parked(tx)
    return page(
        request,
        "routing/rules.html",
        rules=found,
        names=names,
        parked=parked,
        words=routing_words,
        destination_key=destination_key,
    )


@router.get("/routing/new")
def show_new_rule(request: Request, subject: Manager) -> Response:
    """Ask for what a new rule says."""
    _require_fresh_proof(subject)
    return _form(request, subject, None, RuleForm(is_enabled=True), {})


@router.post("/routing")
def add_rule(request: Request, subject: Manager, form: RuleFields) -> Response:
    """Keep a new rule."""
    try:
        made = rules.add_rule(platform_of(request), subject, name=form.name, content=form.content(), is_enabled=form.is_enabled)
    except (InvalidInput, Conflict) as error:
        return _form(request, subject, None, form, {error.field or "name": gettext(str(error))})
    return see_other(request, f"/routing/{made.rule_id}", status=gettext("Rule kept"))


@router.post("/routing/try")
def show_trial(request: Request, subject: Manager, form: RuleFields) -> Response:
    """Show what the rule, as it stands in the form, would have sent; nothing is kept and nothing leaves."""
    rule = _find(request, subject, form.rule_id)
    try:
        trials = try_rule(platform_of(request), subject, form.content(), studies=form.studies)
    except InvalidInput as error:
        return _form(request, subject, rule, form, {error.field or "name": gettext(str(error))})
    return _form(request, subject, rule, form, {}, trials=trials)


@router.get("/routing/{rule_id}")
def show_rule(request: Request, subject: Manager, rule_id: UUID) -> Response:
    """Show one rule with its history, and let it be changed."""
    _require_fresh_proof(subject)
    rule = _find(request, subject, rule_id)
    return _form(request, subject, rule, RuleForm() if rule is None else RuleForm.of(rule), {})


@router.post("/routing/{rule_id}")
def change_rule(request: Request, subject: Manager, rule_id: UUID, form: RuleFields) -> Response:
    """Keep what was changed; 412 with who changed what when somebody else was first."""
    rule = _find(request, subject, rule_id)
    try:
        rules.change_rule(
            platform_of(request),
            subject,
            rule_id,
            version=form.version,
            name=form.name,
            content=form.content(),
            is_enabled=form.is_enabled,
        )
    except StaleVersion:
        return _form(request, subject, rule, form, {}, is_stale=True)
    except (InvalidInput, Conflict) as error:
        return _form(request, subject, rule, form, {error.field or "name": gettext(str(error))})
    return see_other(request, f"/routing/{rule_id}", status=gettext("Rule kept"))


@router.post("/routing/{rule_id}/switch")
def switch_rule(
    request: Request,
    subject: Manager,
    rule_id: UUID,
    version: Annotated[int, Form()],
    is_enabled: Annotated[bool, Form()] = False,
) -> Response:
    """Switch a rule on or off."""
    rules.switch_rule(platform_of(request), subject, rule_id, version=version, is_enabled=is_enabled)
    return see_other(request, "/routing", status=gettext("Rule switched on") if is_enabled else gettext("Rule switched off"))


def _find(request: Request, subject: Subject, rule_id: UUID | None) -> Rule | None:
    if rule_id is None:
        return None
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        return rules.get_rule(tx, subject, rule_id)


def _destinations(tx: Connection, subject: Subject) -> dict[str, str]:
    """Return the destinations there are, by the key that the form gives them."""
    listening = {
        f"device:{one.device_id}": f"{one.ae_title} – {one.description}"
        for one in devices.list_devices(tx, subject)
        if one.host is not None and one.disabled_at is None
    }
    return listening | {f"server:{one.server_id}": one.name for one in servers.list_servers(tx, subject)}


def _form(
    request: Request,
    subject: Subject,
    rule: Rule | None,
    form: RuleForm,
    errors: Mapping[str, str],
    *,
    trials: list[Trial] | None = None,
    is_stale: bool = False,
) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        names = _destinations(tx, subject)
        versions = rules.list_rule_versions(tx, subject, rule.rule_id) if rule is not None else []
    status = HTTPStatus.PRECONDITION_FAILED if is_stale else HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK
    return page(
        request,
        "routing/rule.html",
        status_code=status,
        rule=rule,
        form=form,
        rows=form.rows(),
        errors=errors,
        trials=trials,
        is_stale=is_stale,
        history=[(made, _changes(made, before)) for made, before in zip(versions, [*versions[1:], None], strict=False)],
        names=names,
        words=routing_words,
        syntaxes=[(uid, routing_words.syntax_name(uid)) for uid in rules.WISHABLE_SYNTAXES],
        tried=TRIED,
        zone=platform.settings.time_zone,
    )


def _changes(made: Rule, before: Rule | None) -> list[str]:
    """Return in words what a version changed."""
    if before is None:
        return [gettext("The rule was made")]
    changed = [gettext(routing_words.MEMBERS[name]) for name in changed_members(before.content, made.content)]
    if before.name != made.name:
        changed.append(gettext("Name"))
    if before.is_enabled != made.is_enabled:
        changed.append(gettext("Rule switched on") if made.is_enabled else gettext("Rule switched off"))
    return changed


def _require_fresh_proof(subject: Subject) -> None:
    """Ask for the password before the form rather than after it, when what was typed would be lost."""
    if not has_fresh_proof(subject, subject.seen_at):
        raise Forbidden("Confirm your password first.", reason="needs_step_up")
