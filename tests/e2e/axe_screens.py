"""The screens of the product, each as the person who works with it: what the accessibility walk visits."""

from __future__ import annotations

from typing import Final

from tests.e2e.screen import Screen

FAULTS: Final = ".error-summary"
FIRST_STUDY: Final = "main a[href^='/reading/']"
FIRST_EXAM: Final = "main a[href^='/studies/']"
SHARE: Final = "main a[href^='/shares/new']"
FIRST_PATIENT: Final = "main tbody a[href^='/patients/']"
FIRST_ORDER: Final = "main tbody a[href^='/orders/']"
FIRST_USER: Final = "main a[href^='/users/']:not([href='/users/new'])"
FIRST_DEVICE: Final = "main tbody a[href^='/devices/']"
FIRST_RULE: Final = "main tbody a[href^='/routing/']"
FIRST_SOURCE: Final = "main tbody a[href^='/prefetch/']"
FIRST_SERVER: Final = "main tbody a[href^='/servers/']"
FIRST_HELD: Final = "main tbody a[href^='/archive/quarantine/']"
FIRST_CONFLICT: Final = "main tbody a[href^='/archive/conflicts/']"
NEW_DISC: Final = "main a[href^='/discs/new']"
NEW_ORDER: Final = "main a[href^='/orders/new']"
DESK_MENU: Final = ".desk-bar details summary"

DESK: Final = "/reading/{study_uid}"
STUDY: Final = "/studies/{study_uid}"
CASE: Final = "/training/cases/{case_id}"
ORDER: Final = "/orders/{order_id}"
PATIENT: Final = "/patients/{patient_id}"

OPEN_TO_ANYBODY: Final = (
    Screen(name="sign-in", login=None, path="/login"),
    Screen(
        name="sign-in-refused",
        login=None,
        path="/login",
        fill=(("[name=login]", "nobody-here"), ("[name=password]", "a wrong password")),
        send=("main form",),
        shown="main [role=alert]",
        is_answer=True,
    ),
    Screen(name="one-time-code", login=None, path="/login/code"),
    Screen(name="about", login=None, path="/about"),
    Screen(name="accessibility", login=None, path="/accessibility"),
    Screen(name="help", login=None, path="/help"),
    Screen(name="missing", login=None, path="/nowhere", is_error=True),
    Screen(name="keys", login=None, path="/help", click=("[data-opens=keys]",), shown="#keys"),
    Screen(name="display", login=None, path="/help", click=(".masthead details summary",), shown="#preferences"),
    Screen(name="share-landing", login=None, path="/s"),
    Screen(
        name="share-refused",
        login=None,
        path="/s",
        fill=(("[name=token]", "no-such-link"), ("[name=code]", "000000")),
        send=("main form",),
        shown="main [role=alert]",
        is_answer=True,
    ),
)

OF_ONESELF: Final = (
    Screen(name="home", login="radiologue", path="/"),
    Screen(name="home-more", login="admin", path="/", click=(".menu-more summary",), shown=".menu-more .menu-panel"),
    Screen(name="forbidden", login="radiologue", path="/users", is_error=True),
    Screen(name="account", login="radiologue", path="/account"),
    Screen(name="account-faults", login="radiologue", path="/account", send=("form[action='/account/password']",), shown=FAULTS, is_answer=True),
    Screen(
        name="new-token",
        login="radiologue",
        path="/account",
        fill=(("[name=title]", "Archive"),),
        send=("form[action='/account/tokens']",),
        shown="#token",
        is_answer=True,
    ),
    Screen(name="second-factor", login="manip", path="/account", send=("form[action='/account/second-factor']",), shown=".qr", is_answer=True),
    Screen(name="confirm", login="radiologue", path="/confirm?next=/account"),
    Screen(name="own-exams", login="patient", path="/my-exams", in_all_looks=True),
    Screen(name="signed-out", login="physicien", path="/help", send=("form[action='/logout']",), shown="main a[href='/login']", is_answer=True, ends_session=True),
)  # fmt: skip

READING: Final = (
    Screen(name="reading-list", login="radiologue", path="/reading", in_all_looks=True),
    Screen(name="reading-list-read", login="radiologue", path="/reading?view=read"),
    Screen(name="reading-list-empty", login="radiologue", path="/reading?q=zzzz"),
    Screen(name="desk", login="radiologue", path="/reading", route=DESK, follow=(FIRST_STUDY,), in_all_looks=True),
    Screen(name="desk-signed", login="radiologue", path="/reading?view=read", route=DESK, follow=(FIRST_STUDY,)),
    Screen(name="desk-menu", login="radiologue", path="/reading", route=DESK, follow=(FIRST_STUDY,), click=(DESK_MENU,)),
    Screen(
        name="desk-urgency",
        login="radiologue",
        path="/reading",
        route=DESK,
        follow=(FIRST_STUDY,),
        click=(DESK_MENU, "[data-opens=urgency]"),
        shown="#urgency",
    ),
    Screen(name="sign", login="radiologue", path="/reading", route=DESK, follow=(FIRST_STUDY,), click=("#open-sign",), shown="#sign-dialog"),
    Screen(name="study-for-reader", login="radiologue", path="/reading?view=read", route=STUDY, follow=(FIRST_STUDY, FIRST_EXAM)),
    Screen(name="study", login="urgentiste", path="/results", route=STUDY, follow=(FIRST_EXAM,), in_all_looks=True),
    Screen(name="study-for-patient", login="patient", path="/my-exams", route=STUDY, follow=(FIRST_EXAM,)),
    Screen(
        name="viewer",
        login="urgentiste",
        path="/results",
        route="/studies/{study_uid}/viewer",
        follow=(FIRST_EXAM, "main a[href$='/viewer']"),
    ),
    Screen(name="results", login="urgentiste", path="/results"),
    Screen(name="ai-runs", login="radiologue", path="/ai"),
    Screen(name="dose", login="physicien", path="/dose"),
    Screen(name="training", login="radiologue", path="/training"),
    Screen(name="training-case", login="interne", path="/training", route=CASE, send=("main form",)),
    Screen(
        name="training-answered",
        login="chef",
        path="/training",
        route=CASE,
        send=("main form", ".desk-report form"),
        shown=".desk-report .signed",
    ),
    # The session that the screen before began: it took all cases that this person has not read.
    Screen(
        name="training-session",
        login="chef",
        path="/training",
        route="/training/sessions/{session_id}",
        follow=("main tbody a[href^='/training/sessions/']",),
    ),
)  # fmt: skip

RECORDS: Final = (
    Screen(name="rooms", login="manip", path="/rooms"),
    Screen(name="new-room", login="manip", path="/rooms", click=("[data-opens=room-dialog]",), shown="#room-dialog"),
    Screen(name="exceptions", login="manip", path="/rooms/exceptions"),
    Screen(name="orders", login="secretaire", path="/orders"),
    Screen(name="order", login="secretaire", path="/orders", route=ORDER, follow=(FIRST_ORDER,), in_all_looks=True),
    Screen(
        name="cancel-order",
        login="secretaire",
        path="/orders",
        route=ORDER,
        follow=(FIRST_ORDER,),
        click=("[data-opens=cancel-dialog]",),
        shown="#cancel-dialog",
    ),
    Screen(name="new-order-for-whom", login="secretaire", path="/orders/new"),
    Screen(name="new-order", login="secretaire", path="/patients", route="/orders/new", follow=(FIRST_PATIENT, NEW_ORDER)),
    Screen(
        name="new-order-faults",
        login="secretaire",
        path="/patients",
        follow=(FIRST_PATIENT, NEW_ORDER),
        send=("form[action='/orders']",),
        shown=FAULTS,
        is_answer=True,
    ),
    Screen(name="patients", login="secretaire", path="/patients"),
    Screen(name="patient", login="secretaire", path="/patients", route=PATIENT, follow=(FIRST_PATIENT,)),
    Screen(
        name="patient-papers",
        login="identite",
        path="/patients",
        route=PATIENT,
        follow=(FIRST_PATIENT,),
        click=("[data-opens=document-dialog]",),
        shown="#document-dialog",
    ),
    Screen(
        name="edit-patient",
        login="identite",
        path="/patients",
        route="/patients/{patient_id}/edit",
        follow=(FIRST_PATIENT, "main a[href$='/edit']"),
    ),
    Screen(name="new-patient", login="secretaire", path="/patients/new"),
    Screen(name="new-patient-faults", login="secretaire", path="/patients/new", send=("form[action='/patients']",), shown=FAULTS, is_answer=True),
)  # fmt: skip

OUTSIDE: Final = (
    Screen(name="shares", login="radiologue", path="/shares"),
    Screen(name="new-share", login="patient", path="/my-exams", route="/shares/new", follow=(SHARE,)),
    Screen(
        name="new-share-faults",
        login="patient",
        path="/my-exams",
        follow=(SHARE,),
        send=("form[action='/shares']",),
        shown=FAULTS,
        is_answer=True,
    ),
    Screen(
        name="share-made",
        login="patient",
        path="/my-exams",
        follow=(SHARE,),
        fill=(("[name=recipient_name]", "Dr Exemple"),),
        send=("form[action='/shares']",),
        shown=".secret-large",
        is_answer=True,
    ),
    Screen(name="discs", login="radiologue", path="/discs"),
    Screen(name="new-disc", login="interne", path="/reading?view=read", route="/discs/new", follow=(FIRST_STUDY, FIRST_EXAM, NEW_DISC), in_all_looks=True),
    Screen(
        name="disc",
        login="interne",
        path="/reading?view=read",
        route="/discs/{disc_id}",
        follow=(FIRST_STUDY, FIRST_EXAM, NEW_DISC),
        send=("form[action^='/discs?of=']",),
        in_all_looks=True,
    ),
    Screen(name="imports", login="secretaire", path="/imports", in_all_looks=True),
    Screen(
        name="import",
        login="secretaire",
        path="/imports",
        route="/imports/{import_id}",
        files=("#files",),
        send=("form[action='/imports/upload']",),
    ),
    Screen(name="deliveries", login="radiologue", path="/deliveries"),
    Screen(name="messages", login="admin", path="/messages"),
    Screen(name="sent-messages", login="admin", path="/messages/sent"),
    Screen(name="emergency-without-factor", login="urgentiste", path="/emergency"),
    Screen(name="emergency", login="interne", path="/emergency", shown="form[action='/emergency']"),
    Screen(name="emergency-faults", login="interne", path="/emergency", send=("form[action='/emergency']",), shown=FAULTS, is_answer=True),
    Screen(
        name="emergency-open",
        login="interne",
        path="/emergency",
        fill=(
            ("[name=number]", "DEMO-0001"),
            ("[name=birth_date]", "1951-03-14"),
            ("[name=explanation]", "Seul médecin présent, détresse respiratoire."),
        ),
        send=("form[action='/emergency']",),
        shown="main a[href^='/studies/']",
    ),
)  # fmt: skip

WATCH: Final = (
    Screen(name="audit", login="dpo", path="/audit"),
    Screen(name="audit-without-reason", login="admin", path="/audit"),
    Screen(name="chain-checked", login="dpo", path="/audit", send=("form[action='/audit/check']",), is_answer=True),
    Screen(name="emergencies", login="dpo", path="/audit/emergencies"),
    Screen(name="people", login="admin", path="/users"),
    Screen(name="new-person", login="admin", path="/users/new"),
    Screen(name="new-person-faults", login="admin", path="/users/new", send=("form[action='/users']",), shown=FAULTS, is_answer=True),
    Screen(name="person", login="admin", path="/users", route="/users/{user_id}", follow=(FIRST_USER,)),
    Screen(name="devices", login="admin", path="/devices"),
    Screen(name="device", login="admin", path="/devices", route="/devices/{device_id}", follow=(FIRST_DEVICE,)),
    Screen(name="new-device", login="admin", path="/devices/new"),
    Screen(name="new-device-faults", login="admin", path="/devices/new", send=("form[action='/devices']",), shown=FAULTS, is_answer=True),
    Screen(name="workitems", login="admin", path="/workitems", shown="#subscribers", in_all_looks=True),
    Screen(name="how-images-are-kept", login="admin", path="/recompression"),
    Screen(name="how-images-are-kept-faults", login="admin", path="/recompression", send=("form[action='/recompression']",), shown=FAULTS, is_answer=True),
    Screen(name="routing", login="admin", path="/routing"),
    Screen(name="routing-rule", login="admin", path="/routing", route="/routing/{rule_id}", follow=(FIRST_RULE,), in_all_looks=True),
    Screen(name="new-routing-rule", login="admin", path="/routing/new"),
    Screen(name="new-routing-rule-faults", login="admin", path="/routing/new", send=("form[action='/routing']",), shown=FAULTS, is_answer=True),
    Screen(
        name="routing-trial",
        login="admin",
        path="/routing",
        follow=(FIRST_RULE,),
        click=("button[formaction='/routing/try']",),
        shown="#trial",
        is_answer=True,
    ),
    Screen(name="transfers", login="admin", path="/transfers"),
    Screen(name="servers", login="admin", path="/servers"),
    Screen(name="server", login="admin", path="/servers", route="/servers/{server_id}", follow=(FIRST_SERVER,)),
    Screen(name="new-server", login="admin", path="/servers/new"),
    Screen(name="new-server-faults", login="admin", path="/servers/new", send=("form[action='/servers']",), shown=FAULTS, is_answer=True),
    Screen(name="prior-sources", login="admin", path="/prefetch"),
    Screen(name="prior-source", login="admin", path="/prefetch", route="/prefetch/{source_id}", follow=(FIRST_SOURCE,)),
    Screen(name="new-prior-source", login="admin", path="/prefetch/new"),
    Screen(name="new-prior-source-faults", login="admin", path="/prefetch/new", send=("form[action='/prefetch']",), shown=FAULTS, is_answer=True),
    Screen(name="held-back", login="identite", path="/archive", in_all_looks=True),
    Screen(name="quarantined", login="identite", path="/archive", route="/archive/quarantine/{quarantine_id}", follow=(FIRST_HELD,)),
    Screen(
        name="conflict",
        login="radiologue",
        path="/archive",
        route="/archive/conflicts/{sop_instance_uid}/{sha256}",
        follow=(FIRST_CONFLICT,),
        in_all_looks=True,
    ),
    Screen(name="conflict-faults", login="radiologue", path="/archive", follow=(FIRST_CONFLICT,), send=("main form",), shown=FAULTS, is_answer=True),
    Screen(
        name="correct-study",
        login="chef",
        path="/reading?view=read",
        route="/archive/studies/{study_uid}",
        follow=(FIRST_STUDY, FIRST_EXAM, "main a[href^='/archive/studies/']"),
        in_all_looks=True,
    ),
    Screen(
        name="correct-study-faults",
        login="chef",
        path="/reading?view=read",
        follow=(FIRST_STUDY, FIRST_EXAM, "main a[href^='/archive/studies/']"),
        send=("#correction",),
        shown=FAULTS,
        is_answer=True,
    ),
    Screen(name="rejections", login="radiologue", path="/archive/rejections"),
    Screen(name="moves", login="identite", path="/archive/moves"),
    Screen(name="retention", login="dpo", path="/archive/retention", in_all_looks=True),
    Screen(name="installation", login="admin", path="/admin"),
)  # fmt: skip

# A hold asks for a sign-in of the last ten minutes: this screen comes first of the administrator's.
RIGHT_AFTER_SIGN_IN: Final = (
    Screen(name="retention-faults", login="admin", path="/archive/retention", send=("#hold",), shown=FAULTS, is_answer=True),
)

SCREENS: Final = (*RIGHT_AFTER_SIGN_IN, *OPEN_TO_ANYBODY, *OF_ONESELF, *READING, *RECORDS, *OUTSIDE, *WATCH)

NOT_SCREENS: Final = {
    "/health": "the state in JSON, for machines",
    "/health/live": "a sign of life in JSON, for machines",
    "/events": "the stream of live events",
    "/training/sessions/{session_id}/next": "leads on to a case or to the session",
    "/training/cases/{case_id}/findings": "findings in JSON, for the viewer",
    "/training/cases/{case_id}/dicom-web/studies/{study_uid}/metadata": "attributes in JSON, for the viewer",
    "/training/cases/{case_id}/dicom-web/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/frames/{frame}": "pixels",
    "/training/cases/{case_id}/dicom-web/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/thumbnail": "a picture",
    "/studies/{study_uid}/findings": "findings in JSON, for the viewer",
    "/studies/{study_uid}/files": "a ZIP file",
    "/discs/{disc_id}/file": "a ZIP file",
    "/archive/retention/{erasure_id}/certificate": "a JSON file",
    "/archive/quarantine/{quarantine_id}/file": "the bytes of an object",
    "/archive/conflicts/{sop_instance_uid}/{sha256}/file": "the bytes of an object",
    "/reports/{report_id}/faults": "faults in JSON, for the editor",
    "/reports/versions/{version_id}/report.pdf": "a PDF file",
}
"""Addresses that give no page of the screen, and what they give."""
