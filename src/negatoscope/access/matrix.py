"""The role matrix, as one readable table. It is the policy itself, not a picture of it: `policy` reads these lines.

Signs:
  ●  allowed
  ○  on related or own patients (care relation, the patient's own record, a thing of one's own)
  ◐  with a stated reason
  ◑  with a stated reason and a second person who may do the same
  ◇  without the patient's identity
  –  never

Columns: SEC secretary, RG radiographer, RES resident, RAD radiologist, LEAD lead radiologist, REF referring physician,
PAT patient, PHY physicist, IDV identity officer, ADM administrator, DPO auditor.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from negatoscope.access.actions import Action
from negatoscope.access.model import Role


class Grant(StrEnum):
    """One cell of the matrix."""

    ALLOWED = "●"
    RELATED = "○"
    WITH_REASON = "◐"
    WITH_SECOND_PERSON = "◑"
    WITHOUT_IDENTITY = "◇"
    NEVER = "–"


COLUMNS: Mapping[str, Role] = MappingProxyType({
    "SEC": Role.SECRETARY,
    "RG": Role.RADIOGRAPHER,
    "RES": Role.RESIDENT,
    "RAD": Role.RADIOLOGIST,
    "LEAD": Role.LEAD_RADIOLOGIST,
    "REF": Role.REFERRER,
    "PAT": Role.PATIENT,
    "PHY": Role.PHYSICIST,
    "IDV": Role.IDENTITY_OFFICER,
    "ADM": Role.ADMINISTRATOR,
    "DPO": Role.AUDITOR,
})  # fmt: skip

TABLE = """
action                        SEC RG  RES RAD LEAD REF PAT PHY IDV ADM DPO
search_patients               ●   ●   ●   ●   ●    ○   –   –   ●   –   –
create_patient                ●   ◐   –   –   –    –   –   –   ●   –   –
edit_patient                  ●   –   –   –   –    –   –   –   ●   –   –
qualify_identity              ●   –   –   –   –    –   –   –   ●   –   –
merge_patients                –   –   –   –   –    –   –   –   ●   –   –
unmerge_patients              –   –   –   –   –    –   –   –   ◐   –   –
create_order                  ●   ◐   ●   ●   ●    ○   –   –   –   –   –
override_redundancy_warning   ●   –   ●   ●   ●    ○   –   –   –   –   –
override_redundancy_block     –   –   –   ◐   ◐    –   –   –   –   –   –
vet_order                     –   ◐   ◐   ●   ●    –   –   –   –   –   –
cancel_order                  ●   ◐   ●   ●   ●    ○   –   –   –   –   –
book_appointment              ●   ●   –   –   ●    –   ○   –   –   –   –
overbook                      ◐   –   –   –   ●    –   –   –   –   –   –
check_in                      ●   ●   –   –   –    –   ○   –   –   –   –
edit_worklist_station         ●   ●   –   –   ●    –   –   –   –   ●   –
close_step                    –   ●   –   –   ●    –   –   –   –   –   –
reconcile_study               –   ●   –   ●   ●    –   –   –   ●   ◐   –
import_study                  ●   ●   ●   ●   ●    –   ○   –   –   ◐   –
view_images                   –   ●   ●   ●   ●    ○   ○   ◇   ◐   –   –
download_dicom                –   ◐   ●   ●   ●    ○   ○   ◇   –   –   –
reject_quality                –   ●   –   ●   ●    –   –   –   –   –   –
reject_safety                 –   –   –   ●   ●    –   –   –   ●   ◐   –
reject_wrong_worklist_entry   –   ●   –   ●   ●    –   –   –   ●   ◐   –
revoke_rejection              –   –   –   ●   ●    –   –   –   –   ◐   –
view_rejected                 –   ●   –   ●   ●    –   –   ●   ●   –   –
move_images                   –   –   –   –   ◐    –   –   –   ◑   –   –
claim_reading                 –   –   ●   ●   ●    –   –   –   –   –   –
take_over_claim               –   –   –   ◐   ●    –   –   –   –   –   –
draft_report                  –   –   ●   ●   ●    –   –   –   –   –   –
type_dictation                ●   –   –   –   –    –   –   –   –   –   –
sign_preliminary              –   –   ●   ●   ●    –   –   –   –   –   –
sign_final                    –   –   –   ●   ●    –   –   –   –   –   –
addend_report                 –   –   –   ●   ●    –   –   –   –   –   –
nullify_report                –   –   –   ◐   ◐    –   –   –   –   –   –
read_final_report             ●   ●   ●   ●   ●    ○   ○   –   –   –   –
read_preliminary_report       –   ●   ●   ●   ●    ○   –   –   –   –   –
send_report                   ●   –   ●   ●   ●    ○   ○   –   –   –   –
open_critical_communication   –   –   ●   ●   ●    –   –   –   –   –   –
log_critical_call             ●   –   ●   ●   ●    –   –   –   –   –   –
acknowledge_critical          –   –   –   –   –    ●   –   –   –   –   –
view_ai_result                –   ◐   ●   ●   ●    –   –   ◐   –   –   –
judge_ai_finding              –   –   ●   ●   ●    –   –   –   –   –   –
rerun_ai                      –   –   –   ●   ●    –   –   –   –   ●   –
activate_model                –   –   –   –   ◑    –   –   –   –   ◐   –
recall_model                  –   –   –   –   ●    –   –   –   –   ●   –
view_dose_register            –   ○   –   ●   ●    –   ○   ●   –   –   –
edit_reference_levels         –   –   –   –   –    –   –   ●   –   –   –
resolve_dose_alert            –   ◐   –   ●   ●    –   –   ●   –   –   –
export_dose                   –   –   –   –   ●    –   –   ●   –   –   –
view_reject_analysis          –   ○   –   ●   ●    –   –   ●   –   –   –
create_share                  ●   –   ●   ●   ●    ○   ○   –   –   –   –
revoke_share                  ●   –   ●   ●   ●    ○   ○   –   –   ●   ●
record_opposition             ●   –   –   ●   –    –   ○   –   –   –   ●
break_glass                   –   –   ◐   ◐   ◐    ◐   –   –   –   –   –
review_break_glass            –   –   –   –   ●    –   –   –   –   –   ●
view_own_access_log           –   –   –   –   –    –   ○   –   –   –   ●
search_audit                  –   –   –   –   –    –   –   –   –   ◐   ●
manage_users                  –   –   –   –   ◐    –   –   –   –   ●   –
manage_devices                –   –   –   –   –    –   –   –   –   ●   –
replay_messages               –   –   –   –   –    –   –   –   –   ●   –
edit_templates                –   –   ○   ●   ●    –   –   –   –   –   –
edit_catalogue                –   –   –   –   ●    –   –   –   –   ●   –
delete_by_retention           –   –   –   –   ◐    –   –   –   –   ◑   ●
restore_backup                –   –   –   –   –    –   –   –   –   ◑   –
train                         –   –   ●   ●   ●    –   –   –   –   –   –
manage_training               –   –   –   ●   ●    –   –   –   –   –   –
store_images                  ●   ●   ●   ●   ●    –   –   –   –   ◐   –
query_images                  ●   ●   ●   ●   ●    ○   ○   ◇   ●   –   –
retrieve_images               –   ●   ●   ●   ●    ○   ○   ◇   ◐   –   –
query_worklist                ●   ●   ●   ●   ●    –   –   –   –   –   –
report_performed_step         –   ●   –   –   ●    –   –   –   –   –   –
send_order                    –   –   –   –   –    –   –   –   –   –   –
query_workitems               ●   ●   ●   ●   ●    –   –   –   –   –   –
create_workitem               ●   ●   –   ●   ●    –   –   –   –   –   –
perform_workitem              –   ●   ●   ●   ●    –   –   –   –   –   –
cancel_workitem               ●   ●   ●   ●   ●    –   –   –   –   –   –
watch_workitems               ●   ●   ●   ●   ●    –   –   –   –   –   –
oversee_workitems             –   –   –   –   ●    –   –   –   –   ●   –
"""

LISTING = frozenset({
    Action.SEARCH_PATIENTS,
    Action.QUERY_IMAGES,
    Action.READ_FINAL_REPORT,
    Action.VIEW_DOSE_REGISTER,
    Action.VIEW_REJECT_ANALYSIS,
    Action.EDIT_TEMPLATES,
})  # fmt: skip
"""Actions that may be asked about no patient in particular where the cell says ○; the list then shows related ones only."""

STEP_UP = frozenset({
    Action.MERGE_PATIENTS,
    Action.UNMERGE_PATIENTS,
    Action.MOVE_IMAGES,
    Action.DOWNLOAD_DICOM,
    Action.SIGN_PRELIMINARY,
    Action.SIGN_FINAL,
    Action.ADDEND_REPORT,
    Action.NULLIFY_REPORT,
    Action.ACTIVATE_MODEL,
    Action.EXPORT_DOSE,
    Action.CREATE_SHARE,
    Action.BREAK_GLASS,
    Action.MANAGE_USERS,
    Action.MANAGE_DEVICES,
    Action.DELETE_BY_RETENTION,
    Action.RESTORE_BACKUP,
})  # fmt: skip
"""Signing, merging, exporting and administering need a proof of identity that is at most ten minutes old."""

TWO_FACTOR = frozenset({Action.BREAK_GLASS})
"""Actions open only to people who signed in with a second factor."""

PEOPLE_ONLY = frozenset({
    Action.SIGN_PRELIMINARY,
    Action.SIGN_FINAL,
    Action.ADDEND_REPORT,
    Action.NULLIFY_REPORT,
    Action.ACKNOWLEDGE_CRITICAL,
    Action.JUDGE_AI_FINDING,
    Action.CREATE_SHARE,
    Action.BREAK_GLASS,
    Action.REVIEW_BREAK_GLASS,
    Action.OVERRIDE_REDUNDANCY_WARNING,
    Action.OVERRIDE_REDUNDANCY_BLOCK,
})  # fmt: skip
"""What the product itself never does in the background: a person decides."""

READS = frozenset({
    Action.SEARCH_PATIENTS,
    Action.VIEW_IMAGES,
    Action.QUERY_IMAGES,
    Action.RETRIEVE_IMAGES,
    Action.QUERY_WORKITEMS,
    Action.PERFORM_WORKITEM,
    Action.CANCEL_WORKITEM,
    Action.WATCH_WORKITEMS,
    Action.READ_FINAL_REPORT,
    Action.READ_PRELIMINARY_REPORT,
    Action.VIEW_AI_RESULT,
})  # fmt: skip
"""What a broken glass opens, and what a patient's opposition closes."""

SHARED = frozenset({
    Action.VIEW_IMAGES,
    Action.QUERY_IMAGES,
    Action.RETRIEVE_IMAGES,
    Action.READ_FINAL_REPORT,
    Action.DOWNLOAD_DICOM,
})  # fmt: skip
"""The most that a share link can ever open."""


def _parse(table: str) -> Mapping[Action, Mapping[Role, Grant]]:
    header, *lines = table.strip().splitlines()
    roles = [COLUMNS[word] for word in header.split()[1:]]
    rows: dict[Action, Mapping[Role, Grant]] = {}
    for line in lines:
        name, *cells = line.split()
        rows[Action(name)] = MappingProxyType(dict(zip(roles, map(Grant, cells), strict=True)))
    return MappingProxyType(rows)


MATRIX = _parse(TABLE)
