"""UPS-RS: create, retrieve, update, change the state of and ask for the cancellation of workitems (PS3.18 11.4 to 11.8)."""

from __future__ import annotations

from http import HTTPStatus

from pydicom.dataset import Dataset
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from negatoscope.doors.dicomweb.requests import platform_of, root_of, subject_of
from negatoscope.doors.dicomweb.workitem_answers import (
    UPDATE_REFUSALS,
    answering,
    json_of,
    must_take_json,
    read_body,
    uid_in_query,
    warned,
)
from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.formats.dicom.uids import new_uid, parse_uid
from negatoscope.orders.workitems import service
from negatoscope.orders.workitems.attributes import read_attributes, text_of
from negatoscope.orders.workitems.refusals import Reason
from negatoscope.platform.errors import InvalidInput


async def _create(request: Request) -> Response:
    subject = await run_in_threadpool(subject_of, request)
    attributes = await _attributes(await read_body(request))
    uid = uid_in_query(request, "workitem") or text_of(attributes, "SOPInstanceUID") or new_uid()
    done = await run_in_threadpool(service.create, platform_of(request), subject, uid, attributes)
    location = {"Location": f"{root_of(request)}/workitems/{done.workitem.sop_instance_uid}"}
    return warned(Response(status_code=HTTPStatus.CREATED, headers=location), request, done.notice)


async def _retrieve(request: Request) -> Response:
    subject = await run_in_threadpool(subject_of, request)
    must_take_json(request)
    workitem = await run_in_threadpool(service.get, platform_of(request), subject, workitem_uid(request))
    return json_of([workitem.attributes])


async def _update(request: Request) -> Response:
    subject = await run_in_threadpool(subject_of, request)
    changes = await _attributes(await read_body(request))
    told, named = text_of(changes, "TransactionUID"), uid_in_query(request, "transaction-uid")
    if told and named and told != named:
        raise InvalidInput("The address and the body name two Transaction UIDs.", reason=Reason.WRONG_LOCK.value)
    transaction_uid = named or told
    arguments = (platform_of(request), subject, workitem_uid(request), changes, transaction_uid)
    try:
        await run_in_threadpool(service.update, *arguments)
    except InvalidInput as error:
        raise _naming_missing_lock(error, transaction_uid) from error
    return Response(status_code=HTTPStatus.OK)


async def _change_state(request: Request) -> Response:
    subject = await run_in_threadpool(subject_of, request)
    information = await _attributes(await read_body(request))
    state, transaction_uid = text_of(information, "ProcedureStepState"), text_of(information, "TransactionUID")
    if not state:
        sentence = "The body names no state."
        raise InvalidInput(sentence, reason="missing_attribute", field="ProcedureStepState")
    arguments = (platform_of(request), subject, workitem_uid(request), state, transaction_uid)
    try:
        done = await run_in_threadpool(service.change_state, *arguments)
    except InvalidInput as error:
        raise _naming_missing_lock(error, transaction_uid) from error
    return warned(Response(status_code=HTTPStatus.OK), request, done.notice)


async def _request_cancel(request: Request) -> Response:
    subject = await run_in_threadpool(subject_of, request)
    information = await _attributes(await read_body(request, may_be_empty=True))
    arguments = (platform_of(request), subject, workitem_uid(request), information)
    done = await run_in_threadpool(service.request_cancel, *arguments)
    return warned(Response(status_code=HTTPStatus.ACCEPTED), request, done.notice)


create = answering(_create)
retrieve = answering(_retrieve)
update = answering(_update, refusals=UPDATE_REFUSALS)
change_state = answering(_change_state)
request_cancel = answering(_request_cancel)


def workitem_uid(request: Request) -> str:
    """Return the UID of the path."""
    return parse_uid(request.path_params["workitem_uid"], field="workitem_uid")


async def _attributes(data_set: Dataset) -> JsonDataSet:
    return await run_in_threadpool(read_attributes, data_set)


def _naming_missing_lock(error: InvalidInput, transaction_uid: str) -> InvalidInput:
    if error.reason != Reason.WRONG_LOCK.value or transaction_uid:
        return error
    return InvalidInput("The Transaction UID is missing.", reason="lock_missing", field="TransactionUID")
