"""The actions that policy knows: everything a person, a device or the product itself can be asked to do."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """Name one act. The order and the first 64 are the rows of the access policy (docs/reference/access-policy.md)."""

    SEARCH_PATIENTS = "search_patients"
    CREATE_PATIENT = "create_patient"
    EDIT_PATIENT = "edit_patient"
    QUALIFY_IDENTITY = "qualify_identity"
    MERGE_PATIENTS = "merge_patients"
    UNMERGE_PATIENTS = "unmerge_patients"
    CREATE_ORDER = "create_order"
    OVERRIDE_REDUNDANCY_WARNING = "override_redundancy_warning"
    OVERRIDE_REDUNDANCY_BLOCK = "override_redundancy_block"
    VET_ORDER = "vet_order"
    CANCEL_ORDER = "cancel_order"
    BOOK_APPOINTMENT = "book_appointment"
    OVERBOOK = "overbook"
    CHECK_IN = "check_in"
    EDIT_WORKLIST_STATION = "edit_worklist_station"
    CLOSE_STEP = "close_step"
    RECONCILE_STUDY = "reconcile_study"
    IMPORT_STUDY = "import_study"
    VIEW_IMAGES = "view_images"
    DOWNLOAD_DICOM = "download_dicom"
    REJECT_QUALITY = "reject_quality"
    REJECT_SAFETY = "reject_safety"
    REJECT_WRONG_WORKLIST_ENTRY = "reject_wrong_worklist_entry"
    REVOKE_REJECTION = "revoke_rejection"
    VIEW_REJECTED = "view_rejected"
    MOVE_IMAGES = "move_images"
    CLAIM_READING = "claim_reading"
    TAKE_OVER_CLAIM = "take_over_claim"
    DRAFT_REPORT = "draft_report"
    TYPE_DICTATION = "type_dictation"
    SIGN_PRELIMINARY = "sign_preliminary"
    SIGN_FINAL = "sign_final"
    ADDEND_REPORT = "addend_report"
    NULLIFY_REPORT = "nullify_report"
    READ_FINAL_REPORT = "read_final_report"
    READ_PRELIMINARY_REPORT = "read_preliminary_report"
    SEND_REPORT = "send_report"
    OPEN_CRITICAL_COMMUNICATION = "open_critical_communication"
    LOG_CRITICAL_CALL = "log_critical_call"
    ACKNOWLEDGE_CRITICAL = "acknowledge_critical"
    VIEW_AI_RESULT = "view_ai_result"
    JUDGE_AI_FINDING = "judge_ai_finding"
    RERUN_AI = "rerun_ai"
    ACTIVATE_MODEL = "activate_model"
    RECALL_MODEL = "recall_model"
    VIEW_DOSE_REGISTER = "view_dose_register"
    EDIT_REFERENCE_LEVELS = "edit_reference_levels"
    RESOLVE_DOSE_ALERT = "resolve_dose_alert"
    EXPORT_DOSE = "export_dose"
    VIEW_REJECT_ANALYSIS = "view_reject_analysis"
    CREATE_SHARE = "create_share"
    REVOKE_SHARE = "revoke_share"
    RECORD_OPPOSITION = "record_opposition"
    BREAK_GLASS = "break_glass"
    REVIEW_BREAK_GLASS = "review_break_glass"
    VIEW_OWN_ACCESS_LOG = "view_own_access_log"
    SEARCH_AUDIT = "search_audit"
    MANAGE_USERS = "manage_users"
    MANAGE_DEVICES = "manage_devices"
    REPLAY_MESSAGES = "replay_messages"
    EDIT_TEMPLATES = "edit_templates"
    EDIT_CATALOGUE = "edit_catalogue"
    DELETE_BY_RETENTION = "delete_by_retention"
    RESTORE_BACKUP = "restore_backup"
    # Teaching
    TRAIN = "train"
    MANAGE_TRAINING = "manage_training"
    # What devices and other machines ask; people do some of it through DICOMweb
    STORE_IMAGES = "store_images"
    QUERY_IMAGES = "query_images"
    RETRIEVE_IMAGES = "retrieve_images"
    QUERY_WORKLIST = "query_worklist"
    REPORT_PERFORMED_STEP = "report_performed_step"
    SEND_ORDER = "send_order"
    # Workitems (UPS): the worklist of machines
    QUERY_WORKITEMS = "query_workitems"
    CREATE_WORKITEM = "create_workitem"
    PERFORM_WORKITEM = "perform_workitem"
    CANCEL_WORKITEM = "cancel_workitem"
    WATCH_WORKITEMS = "watch_workitems"
    OVERSEE_WORKITEMS = "oversee_workitems"


DEVICE_ACTIONS = frozenset({
    Action.STORE_IMAGES,
    Action.QUERY_IMAGES,
    Action.RETRIEVE_IMAGES,
    Action.QUERY_WORKLIST,
    Action.REPORT_PERFORMED_STEP,
    Action.SEND_ORDER,
    Action.QUERY_WORKITEMS,
    Action.CREATE_WORKITEM,
    Action.PERFORM_WORKITEM,
    Action.CANCEL_WORKITEM,
    Action.WATCH_WORKITEMS,
})  # fmt: skip
"""What a known device may do where its row names no narrower list of services."""
