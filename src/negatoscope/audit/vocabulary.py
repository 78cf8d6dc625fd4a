"""The acts in the words of DICOM PS3.15 A.5, for those that the standard names (codes of CID 400, 401 and 403, scheme DCM)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Code:
    """A code of the scheme DCM and its meaning."""

    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Event:
    """What kind of audit message an act is: event, event type where one fits, action (C, R, U, D or E)."""

    identifier: Code
    action_code: str
    type_code: Code | None = None


APPLICATION_ACTIVITY = Code("110100", "Application Activity")
AUDIT_LOG_USED = Code("110101", "Audit Log Used")
INSTANCES_ACCESSED = Code("110103", "DICOM Instances Accessed")
INSTANCES_TRANSFERRED = Code("110104", "DICOM Instances Transferred")
STUDY_DELETED = Code("110105", "DICOM Study Deleted")
EXPORT = Code("110106", "Export")
IMPORT = Code("110107", "Import")
ORDER_RECORD = Code("110109", "Order Record")
PATIENT_RECORD = Code("110110", "Patient Record")
PROCEDURE_RECORD = Code("110111", "Procedure Record")
QUERY = Code("110112", "Query")
SECURITY_ALERT = Code("110113", "Security Alert")
USER_AUTHENTICATION = Code("110114", "User Authentication")

LOGIN = Code("110122", "Login")
LOGOUT = Code("110123", "Logout")
NODE_AUTHENTICATION = Code("110126", "Node Authentication")
EMERGENCY_OVERRIDE = Code("110127", "Emergency Override Started")
NETWORK_CONFIGURATION = Code("110128", "Network Configuration")
ROLES_CHANGED = Code("110136", "Security Roles Changed")
ATTRIBUTES_CHANGED = Code("110137", "User Security Attributes Changed")

EVENTS: Mapping[str, Event] = MappingProxyType({
    "login": Event(USER_AUTHENTICATION, "E", LOGIN),
    "login_failed": Event(USER_AUTHENTICATION, "E", LOGIN),
    "step_up": Event(USER_AUTHENTICATION, "E", LOGIN),
    "logout": Event(USER_AUTHENTICATION, "E", LOGOUT),
    "open_share": Event(USER_AUTHENTICATION, "E", LOGIN),
    "share_code_refused": Event(USER_AUTHENTICATION, "E", LOGIN),
    "search_patients": Event(QUERY, "E"),
    "query_images": Event(QUERY, "E"),
    "query_worklist": Event(QUERY, "E"),
    "images_queried": Event(QUERY, "E"),
    "worklist_queried": Event(QUERY, "E"),
    "view_study": Event(INSTANCES_ACCESSED, "R"),
    "view_held_object": Event(INSTANCES_ACCESSED, "R"),
    "reject_quality": Event(INSTANCES_ACCESSED, "U"),
    "reject_safety": Event(INSTANCES_ACCESSED, "U"),
    "reject_wrong_worklist_entry": Event(INSTANCES_ACCESSED, "U"),
    "revoke_rejection": Event(INSTANCES_ACCESSED, "U"),
    "move_images": Event(INSTANCES_ACCESSED, "U"),
    "move_undone": Event(INSTANCES_ACCESSED, "U"),
    "instance_conflict_settled": Event(INSTANCES_ACCESSED, "U"),
    "quarantine_released": Event(INSTANCES_ACCESSED, "U"),
    "view_images": Event(INSTANCES_ACCESSED, "R"),
    "images_stored": Event(INSTANCES_TRANSFERRED, "C"),
    "images_sent": Event(INSTANCES_TRANSFERRED, "R"),
    "patient_created": Event(PATIENT_RECORD, "C"),
    "patient_completed": Event(PATIENT_RECORD, "U"),
    "patient_edited": Event(PATIENT_RECORD, "U"),
    "patient_to_reconcile": Event(PATIENT_RECORD, "U"),
    "identity_document_checked": Event(PATIENT_RECORD, "U"),
    "study_attached": Event(PATIENT_RECORD, "U"),
    "order_received": Event(ORDER_RECORD, "C"),
    "order_accept": Event(ORDER_RECORD, "U"),
    "order_book": Event(ORDER_RECORD, "U"),
    "order_cancel": Event(ORDER_RECORD, "U"),
    "order_reject": Event(ORDER_RECORD, "U"),
    "store_images": Event(INSTANCES_TRANSFERRED, "C"),
    "retrieve_images": Event(INSTANCES_TRANSFERRED, "R"),
    "download_dicom": Event(EXPORT, "R"),
    "export_dose": Event(EXPORT, "R"),
    "create_share": Event(EXPORT, "C"),
    "revoke_share": Event(EXPORT, "U"),
    "import_study": Event(IMPORT, "C"),
    "create_order": Event(ORDER_RECORD, "C"),
    "send_order": Event(ORDER_RECORD, "C"),
    "cancel_order": Event(ORDER_RECORD, "U"),
    "vet_order": Event(ORDER_RECORD, "U"),
    "create_patient": Event(PATIENT_RECORD, "C"),
    "edit_patient": Event(PATIENT_RECORD, "U"),
    "merge_patients": Event(PATIENT_RECORD, "U"),
    "unmerge_patients": Event(PATIENT_RECORD, "U"),
    "report_performed_step": Event(PROCEDURE_RECORD, "U"),
    "performed_step_started": Event(PROCEDURE_RECORD, "C"),
    "performed_step_ended": Event(PROCEDURE_RECORD, "U"),
    "query_workitems": Event(QUERY, "E"),
    "create_workitem": Event(PROCEDURE_RECORD, "C"),
    "perform_workitem": Event(PROCEDURE_RECORD, "U"),
    "cancel_workitem": Event(PROCEDURE_RECORD, "U"),
    "delete_by_retention": Event(STUDY_DELETED, "D"),
    "search_audit": Event(AUDIT_LOG_USED, "R"),
    "verify_audit": Event(AUDIT_LOG_USED, "R"),
    "view_own_access_log": Event(AUDIT_LOG_USED, "R"),
    "break_glass": Event(SECURITY_ALERT, "E", EMERGENCY_OVERRIDE),
    "associate": Event(SECURITY_ALERT, "E", NODE_AUTHENTICATION),
    "create_user": Event(SECURITY_ALERT, "C", ATTRIBUTES_CHANGED),
    "change_roles": Event(SECURITY_ALERT, "U", ROLES_CHANGED),
    "set_password": Event(SECURITY_ALERT, "U", ATTRIBUTES_CHANGED),
    "disable_user": Event(SECURITY_ALERT, "U", ATTRIBUTES_CHANGED),
    "enable_user": Event(SECURITY_ALERT, "U", ATTRIBUTES_CHANGED),
    "enrol_second_factor": Event(SECURITY_ALERT, "U", ATTRIBUTES_CHANGED),
    "remove_second_factor": Event(SECURITY_ALERT, "U", ATTRIBUTES_CHANGED),
    "create_token": Event(SECURITY_ALERT, "C", ATTRIBUTES_CHANGED),
    "revoke_token": Event(SECURITY_ALERT, "U", ATTRIBUTES_CHANGED),
    "manage_devices": Event(SECURITY_ALERT, "U", NETWORK_CONFIGURATION),
})  # fmt: skip

OUTCOME_CODES: Mapping[str, int] = MappingProxyType({"success": 0, "refused": 4, "failure": 8})
"""EventOutcomeIndicator: success, minor failure, serious failure."""
