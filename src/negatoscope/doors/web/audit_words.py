"""The acts of the trail in words. An act that is not here is shown by its own name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from negatoscope.doors.web.language import N_, gettext

ACT_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "login": N_("Sign-in"),
    "login_failed": N_("Sign-in refused"),
    "logout": N_("Sign-out"),
    "step_up": N_("Password confirmed"),
    "search_patients": N_("Search for patients"),
    "patient_created": N_("Patient record made"),
    "patient_edited": N_("Patient record changed"),
    "patient_completed": N_("Patient record completed"),
    "patient_to_reconcile": N_("Identity to be confirmed"),
    "identity_document_checked": N_("Identity document checked"),
    "order_received": N_("Order received"),
    "order_accept": N_("Order accepted"),
    "order_book": N_("Order booked"),
    "order_start": N_("Order begun"),
    "order_complete": N_("Order completed"),
    "order_report_signed": N_("Order reported"),
    "order_reject": N_("Order refused"),
    "order_cancel": N_("Order cancelled"),
    "step_start": N_("Step begun"),
    "step_complete": N_("Step completed"),
    "performed_step_started": N_("Performed step begun"),
    "performed_step_ended": N_("Performed step ended"),
    "storage_commitment_requested": N_("Storage commitment asked for"),
    "create_order": N_("Order made"),
    "cancel_order": N_("Order cancelled"),
    "vet_order": N_("Order vetted"),
    "study_attached": N_("Study attached to its order"),
    "worklist_queried": N_("Worklist queried"),
    "images_queried": N_("Images searched for"),
    "images_stored": N_("Images received"),
    "images_recompressed": N_("Images recompressed without loss"),
    "recompression_rule_changed": N_("Storage rule changed"),
    "images_sent": N_("Images sent"),
    "priors_searched": N_("Earlier exams looked for elsewhere"),
    "prior_fetched": N_("Earlier exam fetched from elsewhere"),
    "prior_retried": N_("Fetching tried again by hand"),
    "transfer_parked": N_("Sending given over to a person"),
    "transfer_retried": N_("Sending tried again by hand"),
    "transfer_dismissed": N_("Sending given up"),
    "instance_conflict": N_("Image in conflict with a stored one"),
    "instance_quarantined": N_("Image put into quarantine"),
    "object_damaged": N_("Stored object found damaged"),
    "storage_failed": N_("Storage failed"),
    "associate": N_("DICOM connection"),
    "import_study": N_("Import"),
    "view_study": N_("Study page opened"),
    "view_images": N_("Images looked at"),
    "retrieve_images": N_("Images retrieved"),
    "download_dicom": N_("Copy of the files taken"),
    "claim_reading": N_("Reading claimed"),
    "take_over_claim": N_("Reading taken over"),
    "draft_report": N_("Report drafted"),
    "sign_preliminary": N_("Report signed, preliminary"),
    "sign_final": N_("Report signed, final"),
    "addend_report": N_("Addendum signed"),
    "read_final_report": N_("Report read"),
    "read_preliminary_report": N_("Preliminary report read"),
    "send_report": N_("Report sent"),
    "view_ai_result": N_("AI result looked at"),
    "judge_ai_finding": N_("AI finding judged"),
    "rerun_ai": N_("AI run again"),
    "view_dose_register": N_("Dose register looked at"),
    "create_share": N_("Link made"),
    "open_share": N_("Link opened"),
    "share_code_refused": N_("Wrong code for a link"),
    "revoke_share": N_("Link withdrawn"),
    "record_opposition": N_("Opposition recorded"),
    "break_glass": N_("Emergency access"),
    "review_break_glass": N_("Emergency access reviewed"),
    "search_audit": N_("Audit trail searched"),
    "verify_audit": N_("Audit chain checked"),
    "create_user": N_("Account made"),
    "change_roles": N_("Roles changed"),
    "set_password": N_("Password set"),
    "disable_user": N_("Account locked"),
    "enable_user": N_("Account unlocked"),
    "enrol_second_factor": N_("Second factor set up"),
    "remove_second_factor": N_("Second factor removed"),
    "create_token": N_("Token made"),
    "revoke_token": N_("Token revoked"),
    "manage_devices": N_("Device changed"),
    "room_defined": N_("Room defined"),
})  # fmt: skip

OUTCOME_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {"success": N_("Done"), "refused": N_("Refused"), "failure": N_("Failed")}
)


def act_word(action: str) -> str:
    """Return an act in the language of the page."""
    return gettext(ACT_WORDS[action]) if action in ACT_WORDS else action
