"""Hold a workitem to the requirements of its creation, its changes and its final state (PS3.4 CC.2.5). Pure.

Errors: InvalidInput with the reasons ``missing_attribute``, ``missing_attribute_value`` and ``invalid_attribute_value``;
`field` names the attribute. A final state that is not met raises the error of `Reason.FINAL_NOT_MET`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from types import MappingProxyType
from typing import Final

from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.orders.workitems.attributes import has, has_value, items_in, items_of, text_of, value_text, values_of
from negatoscope.orders.workitems.model import WorkitemState
from negatoscope.orders.workitems.moments import parse_moment
from negatoscope.orders.workitems.refusals import Reason, refuse
from negatoscope.orders.workitems.requirements import REQUIREMENTS, Requirement
from negatoscope.platform.errors import InvalidInput

ENUMERATIONS: Final[Mapping[str, frozenset[str]]] = MappingProxyType({
    "ScheduledProcedureStepPriority": frozenset({"HIGH", "MEDIUM", "LOW"}),
    "InputReadinessState": frozenset({"INCOMPLETE", "UNAVAILABLE", "READY"}),
})  # fmt: skip
_CODES: Final = ("CodeValue", "LongCodeValue", "URNCodeValue")
_RETRIEVALS: Final = (
    "DICOMRetrievalSequence",
    "DICOMMediaRetrievalSequence",
    "WADORetrievalSequence",
    "WADORSRetrievalSequence",
    "XDSRetrievalSequence",
)
_CONTENT_VALUES: Final[Mapping[str, str]] = MappingProxyType({
    "DATETIME": "DateTime",
    "DATE": "Date",
    "TIME": "Time",
    "PNAME": "PersonName",
    "UIDREF": "UID",
    "TEXT": "TextValue",
    "CODE": "ConceptCodeSequence",
    "NUMERIC": "NumericValue",
})  # fmt: skip


def check_creation(attributes: JsonDataSet) -> None:
    """Hold a new workitem to the column N-CREATE."""
    if has_value(attributes, "ProcedureStepState") and text_of(attributes, "ProcedureStepState") != WorkitemState.SCHEDULED:
        refuse(Reason.NOT_CREATED_SCHEDULED, field="ProcedureStepState")
    _check_level(attributes, REQUIREMENTS, lambda requirement: requirement.create)
    _check_values(attributes)


def check_change(changes: JsonDataSet) -> None:
    """Hold the attributes of an N-SET to its column."""
    if text_of(changes, "ProcedureStepState") == WorkitemState.SCHEDULED:
        refuse(Reason.ONLY_CREATED_SCHEDULED, field="ProcedureStepState")
    _check_level(changes, REQUIREMENTS, lambda requirement: requirement.set)
    _check_values(changes)


def check_final(attributes: JsonDataSet, state: WorkitemState) -> None:
    """Hold a workitem to what the final state requires."""
    wanted = {"R", "P", "A"} if state is WorkitemState.COMPLETED else {"R", "X"}
    _check_final_level(attributes, REQUIREMENTS, frozenset(wanted))


def _check_final_level(attributes: JsonDataSet, level: tuple[Requirement, ...], wanted: frozenset[str]) -> None:
    for requirement in level:
        is_met = has if requirement.final == "A" else has_value
        if requirement.final in wanted and not is_met(attributes, requirement.keyword):
            refuse(Reason.FINAL_NOT_MET, field=requirement.keyword)
        if any(inner.final != "O" for inner in requirement.items):
            for item in items_of(attributes, requirement.keyword):
                _check_final_level(item, requirement.items, wanted)


def _check_level(attributes: JsonDataSet, level: tuple[Requirement, ...], rule_of: Callable[[Requirement], str]) -> None:
    for requirement in level:
        keyword = requirement.keyword
        is_there, is_valued = has(attributes, keyword), has_value(attributes, keyword)
        match rule_of(requirement):
            case "1" | "2" if not is_there:
                raise InvalidInput("A required attribute is missing.", reason="missing_attribute", field=keyword)
            case "1" if not is_valued:
                raise _without_value(keyword)
            case "V" if is_there and not is_valued:
                raise _without_value(keyword)
            case "E" if is_valued:
                raise _invalid("This attribute is created empty.", keyword)
            case "-" if is_there:
                raise _invalid("This attribute may not be set here.", keyword)
            case _:
                pass
        for item in items_of(attributes, keyword) if requirement.items else ():
            _check_level(item, requirement.items, rule_of)
            condition = _CONDITIONS.get(requirement.macro)
            if condition is not None:
                condition(item, keyword)


def _check_code(item: JsonDataSet, keyword: str) -> None:
    given = [name for name in _CODES if has_value(item, name)]
    if len(given) != 1:
        raise _invalid("A code has one value: short, long, or a URN.", keyword)
    if given != ["URNCodeValue"] and not has_value(item, "CodingSchemeDesignator"):
        raise InvalidInput("A code names its scheme.", reason="missing_attribute", field="CodingSchemeDesignator")


def _check_content(item: JsonDataSet, keyword: str) -> None:
    value = _CONTENT_VALUES.get(text_of(item, "ValueType"))
    if value is None:
        raise _invalid("This value type is none of the macro.", keyword)
    if not has_value(item, value):
        raise InvalidInput("A content item lacks its value.", reason="missing_attribute", field=value)
    if value == "NumericValue" and not has_value(item, "MeasurementUnitsCodeSequence"):
        sentence = "A numeric content item lacks its unit."
        raise InvalidInput(sentence, reason="missing_attribute", field="MeasurementUnitsCodeSequence")


def _check_references(item: JsonDataSet, keyword: str) -> None:
    if not any(has_value(item, name) for name in _RETRIEVALS):
        sentence = "The referenced instances come without a way to retrieve them."
        raise InvalidInput(sentence, reason="missing_attribute", field=keyword)


def _check_designator(item: JsonDataSet, keyword: str) -> None:
    if not has_value(item, "LocalNamespaceEntityID") and not has_value(item, "UniversalEntityID"):
        raise InvalidInput("The issuer is not named.", reason="missing_attribute", field=keyword)
    if has_value(item, "UniversalEntityID") and not has_value(item, "UniversalEntityIDType"):
        sentence = "A universal identifier names its type."
        raise InvalidInput(sentence, reason="missing_attribute", field="UniversalEntityIDType")


_CONDITIONS: Final[Mapping[str, Callable[[JsonDataSet, str], None]]] = MappingProxyType({
    "code": _check_code,
    "content": _check_content,
    "references": _check_references,
    "designator": _check_designator,
})  # fmt: skip


def _check_values(attributes: JsonDataSet) -> None:
    for keyword, terms in ENUMERATIONS.items():
        if has_value(attributes, keyword) and text_of(attributes, keyword) not in terms:
            raise _invalid("This is none of the terms of the attribute.", keyword)
    for tag, element in attributes.items():
        if "BulkDataURI" in element:
            raise _invalid("A workitem holds no bulk data.", tag)
        values = values_of(element)
        if element["vr"] == "SQ":
            for item in items_in(element):
                _check_values(item)
        elif element["vr"] == "DT" and any(parse_moment(value_text(value), UTC) is None for value in values):
            raise _invalid("A date and time is malformed.", tag)
        elif element["vr"] == "UI" and not all(is_uid(value_text(value)) for value in values):
            raise _invalid("A unique identifier does not follow the grammar.", tag)


def _without_value(keyword: str) -> InvalidInput:
    return InvalidInput("A required attribute has no value.", reason="missing_attribute_value", field=keyword)


def _invalid(sentence: str, field: str) -> InvalidInput:
    return InvalidInput(sentence, reason="invalid_attribute_value", field=field)
