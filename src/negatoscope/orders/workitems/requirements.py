"""Which attributes a workitem must, may and may not have, as one readable table (PS3.4 Table CC.2.5-3).

Columns:
  create  1 with a value, 2 may be empty, 3 optional, E absent or empty, C where the case requires it, S written by us, - not allowed
  set     1 with a value (in an item), 2 may be empty (in an item), V optional but never emptied, 3 optional, S written by us,
          - not allowed
  final   R must have a value, P for COMPLETED, X for CANCELED, O need not, A for COMPLETED must be there, empty if so
  return  1, 2, 3 as a return key; C when it has a value; - never
  items   the macro that the items of a sequence follow
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What is required of one attribute; `items` are the requirements within the items of a sequence, `macro` their name."""

    keyword: str
    create: str
    set: str
    final: str
    returned: str
    items: tuple[Requirement, ...] = ()
    macro: str = ""


MACROS: Final[Mapping[str, str]] = MappingProxyType({
    "code": """
CodeMeaning                                          1      1   O     -
CodeValue                                            3      3   O     -
CodingSchemeDesignator                               3      3   O     -
LongCodeValue                                        3      3   O     -
URNCodeValue                                         3      3   O     -
""",
    "content": """
ValueType                                            1      1   O     -
ConceptNameCodeSequence                              1      1   O     - code
ConceptCodeSequence                                  3      3   O     - code
MeasurementUnitsCodeSequence                         3      3   O     - code
""",
    "references": """
TypeOfInstances                                      1      1   O     -
StudyInstanceUID                                     3      3   O     -
SeriesInstanceUID                                    3      3   O     -
ReferencedSOPSequence                                1      1   O     - instance
DICOMRetrievalSequence                               3      3   O     -
> RetrieveAETitle                                    1      1   O     -
DICOMMediaRetrievalSequence                          3      3   O     -
> StorageMediaFileSetID                              2      2   O     -
> StorageMediaFileSetUID                             1      1   O     -
WADORetrievalSequence                                3      3   O     -
> RetrieveURI                                        1      1   O     -
XDSRetrievalSequence                                 3      3   O     -
> RepositoryUniqueID                                 1      1   O     -
WADORSRetrievalSequence                              3      3   O     -
> RetrieveURL                                        1      1   O     -
""",
    "instance": """
ReferencedSOPClassUID                                1      1   O     -
ReferencedSOPInstanceUID                             1      1   O     -
""",
    "designator": """
LocalNamespaceEntityID                               3      3   O     -
UniversalEntityID                                    3      3   O     -
UniversalEntityIDType                                3      3   O     -
""",
    "issuer": """
UniversalEntityID                                    2      2   O     -
UniversalEntityIDType                                3      3   O     -
IdentifierTypeCode                                   2      2   O     -
AssigningFacilitySequence                            2      2   O     - designator
AssigningJurisdictionCodeSequence                    2      2   O     - code
AssigningAgencyOrDepartmentCodeSequence              2      2   O     - code
""",
})  # fmt: skip

TABLE: Final = """
attribute                                            create set final return items
TransactionUID                                       E      S   O     -
SpecificCharacterSet                                 3      3   O     C
SOPClassUID                                          S      -   R     1
SOPInstanceUID                                       S      -   R     1
ScheduledProcedureStepPriority                       1      V   R     1
ScheduledProcedureStepModificationDateTime           S      S   R     3
ProcedureStepLabel                                   1      V   O     1
WorklistLabel                                        2      V   O     1
ScheduledProcessingParametersSequence                2      3   O     2 content
ScheduledStationNameCodeSequence                     2      3   O     2 code
ScheduledStationClassCodeSequence                    2      3   O     2 code
ScheduledStationGeographicLocationCodeSequence       2      3   O     2 code
ScheduledHumanPerformersSequence                     C      3   O     2
> HumanPerformerCodeSequence                         1      1   O     - code
> HumanPerformerName                                 1      1   O     -
> HumanPerformerOrganization                         1      1   O     -
ScheduledProcedureStepStartDateTime                  1      V   R     1
ExpectedCompletionDateTime                           3      V   O     3
ScheduledProcedureStepExpirationDateTime             3      3   O     3
ScheduledWorkitemCodeSequence                        2      V   O     2 code
CommentsOnTheScheduledProcedureStep                  2      V   O     3
InputReadinessState                                  1      V   R     1
InputInformationSequence                             2      3   O     2 references
StudyInstanceUID                                     C      3   O     2
OutputDestinationSequence                            3      3   O     3
PatientName                                          2      -   O     2
PatientID                                            C      -   O     2
IssuerOfPatientID                                    2      -   O     2
IssuerOfPatientIDQualifiersSequence                  2      -   O     2 issuer
OtherPatientIDsSequence                              2      3   O     2
> PatientID                                          1      1   O     -
> IssuerOfPatientID                                  2      2   O     -
> IssuerOfPatientIDQualifiersSequence                2      2   O     - issuer
PatientBirthDate                                     2      -   O     2
PatientSex                                           2      -   O     2
ReferencedPatientPhotoSequence                       3      3   O     3 references
AdmissionID                                          2      -   O     2
IssuerOfAdmissionIDSequence                          2      -   O     2 designator
AdmittingDiagnosesDescription                        2      -   O     2
AdmittingDiagnosesCodeSequence                       2      -   O     2 code
ReferencedRequestSequence                            2      -   O     2
> StudyInstanceUID                                   1      1   O     -
> AccessionNumber                                    2      2   O     -
> IssuerOfAccessionNumberSequence                    2      2   O     - designator
> OrderPlacerIdentifierSequence                      2      2   O     - designator
> OrderFillerIdentifierSequence                      2      2   O     - designator
> RequestedProcedureID                               2      2   O     -
> RequestedProcedureDescription                      2      2   O     -
> RequestedProcedureCodeSequence                     2      2   O     - code
ReplacedProcedureStepSequence                        C      -   O     3 instance
MedicalAlerts                                        3      3   O     C
PregnancyStatus                                      3      3   O     C
SpecialNeeds                                         3      3   O     C
ProcedureStepState                                   1      -   R     1
ProcedureStepProgressInformationSequence             E      3   X     2
> ProcedureStepProgressParametersSequence            3      3   O     - content
> ProcedureStepCommunicationsURISequence             3      3   O     -
>> ContactURI                                        1      1   O     -
> ProcedureStepCancellationDateTime                  3      3   X     -
> ProcedureStepDiscontinuationReasonCodeSequence     3      3   X     - code
UnifiedProcedureStepPerformedProcedureSequence       E      3   P     2
> ActualHumanPerformersSequence                      3      3   O     -
>> HumanPerformerCodeSequence                        3      3   O     - code
> PerformedStationNameCodeSequence                   3      3   P     - code
> PerformedStationClassCodeSequence                  3      3   O     - code
> PerformedStationGeographicLocationCodeSequence     3      3   O     - code
> PerformedProcedureStepStartDateTime                3      V   P     -
> PerformedWorkitemCodeSequence                      3      V   P     - code
> PerformedProcessingParametersSequence              3      V   O     - content
> PerformedProcedureStepEndDateTime                  3      V   P     -
> OutputInformationSequence                          2      2   A     - references
"""


def _parse(table: str) -> tuple[Requirement, ...]:
    lines = [line for line in table.strip().splitlines() if not line.startswith("attribute ")]
    return _level([(line.count(">", 0, line.find(" ")), line.lstrip("> ").split()) for line in lines], 0)


def _level(lines: list[tuple[int, list[str]]], depth: int) -> tuple[Requirement, ...]:
    found: list[Requirement] = []
    for index, (level, cells) in enumerate(lines):
        if level != depth:
            continue
        below = lines[index + 1 :]
        end = next((place for place, (other, _) in enumerate(below) if other <= depth), len(below))
        keyword, create, changed, final, returned, *macro = cells
        items = _parse(MACROS[macro[0]]) if macro else _level(below[:end], depth + 1)
        found.append(
            Requirement(
                keyword=keyword,
                create=create,
                set=changed,
                final=final,
                returned=returned,
                items=items,
                macro=macro[0] if macro else "",
            )
        )
    return tuple(found)


REQUIREMENTS: Final = _parse(TABLE)
