"""Report templates in English."""

from __future__ import annotations

from negatoscope.reporting.catalogue.template import ReportTemplate

TEMPLATES = (
    ReportTemplate(
        name="chest_pa_normal",
        title="Chest PA, normal",
        regions=("CHEST",),
        assessment="normal",
        technique="Chest radiograph, PA, erect, in inspiration.",
        findings=(
            "Lungs: no focal opacity, no interstitial pattern.\n"
            "Pleura: costophrenic angles clear, no pneumothorax.\n"
            "Mediastinum: cardiomediastinal silhouette normal in size and shape.\n"
            "Hila: normal.\n"
            "Bones: no visible lesion."
        ),
        conclusion="No abnormality detected on this chest radiograph.",
    ),
    ReportTemplate(
        name="chest_pa",
        title="Chest PA, structured",
        regions=("CHEST",),
        technique="Chest radiograph, PA, [erect | seated], in inspiration.",
        findings=(
            "Lungs: [description].\n"
            "Pleura: [angles clear | effusion].\n"
            "Mediastinum and heart: [cardiothoracic ratio].\n"
            "Hila: [description].\n"
            "Bones: [description]."
        ),
        conclusion="[conclusion]",
    ),
    ReportTemplate(
        name="chest_bedside",
        title="Bedside chest, check of lines and tubes",
        regions=("CHEST",),
        technique="Chest radiograph, AP, at the bedside, supine.",
        findings=(
            "Endotracheal tube: tip [distance] cm above the carina.\n"
            "Central venous catheter: tip projected over [place].\n"
            "Gastric tube: [position].\n"
            "Lungs: [description].\n"
            "Pleura: [description]; no pneumothorax visible in the supine position."
        ),
        conclusion="Lines and tubes [in place | to be repositioned]. [conclusion]",
    ),
    ReportTemplate(
        name="limb_trauma_normal",
        title="Limb, trauma, no fracture",
        regions=(
            "HAND", "FINGER", "WRIST", "FOREARM", "ELBOW", "HUMERUS", "SHOULDER", "FOOT", "TOE", "ANKLE", "TIBIA", "KNEE",
        ),
        assessment="normal",
        technique="Two views, {side} side.",
        findings=(
            "No fracture line visible.\n"
            "Joint spaces preserved, normal alignment.\n"
            "No radio-opaque foreign body in the soft tissues."
        ),
        conclusion="No traumatic bone lesion detected, {side} side. Repeat if pain persists.",
    ),
    ReportTemplate(
        name="limb_fracture",
        title="Limb, fracture",
        regions=(
            "HAND", "FINGER", "WRIST", "FOREARM", "ELBOW", "HUMERUS", "SHOULDER", "FOOT", "TOE", "ANKLE", "TIBIA", "KNEE",
            "FEMUR",
        ),
        assessment="abnormal",
        technique="Two views, {side} side.",
        findings=(
            "Fracture [line] of the [bone, segment], {side} side.\n"
            "Displacement: [none | angulation, shortening in mm].\n"
            "Joint involvement: [yes | no].\n"
            "Alignment of the joint: [normal | dislocation]."
        ),
        conclusion="[Undisplaced | Displaced] fracture of the [bone, segment], {side} side.",
    ),
    ReportTemplate(
        name="pelvis_hip",
        title="Pelvis and hips",
        regions=("PELVIS", "HIP"),
        technique="AP radiograph of the pelvis.",
        findings=(
            "No fracture of the pelvic ring or of the proximal femora.\n"
            "Hip joint spaces: [preserved | narrowed].\n"
            "Sacroiliac joints and pubic symphysis: [description].\n"
            "Bone density: [normal | demineralised]."
        ),
        conclusion="[conclusion]",
    ),
    ReportTemplate(
        name="spine",
        title="Spine",
        regions=("CSPINE", "TSPINE", "LSPINE"),
        technique="AP and lateral radiographs, [erect | supine].",
        findings=(
            "Alignment: [normal | description].\n"
            "Vertebral body height: [preserved | collapse of].\n"
            "Disc spaces: [preserved | narrowing of].\n"
            "Posterior vertebral line: [preserved | description]."
        ),
        conclusion="[conclusion]",
    ),
    ReportTemplate(
        name="abdomen",
        title="Plain abdomen",
        regions=("ABDOMEN",),
        technique="AP radiograph of the abdomen, [erect | supine].",
        findings=(
            "Bowel gas: [normal distribution | fluid levels].\n"
            "Free air: [absent | present].\n"
            "Calcifications: [absent | description]."
        ),
        conclusion="[conclusion]",
    ),
    ReportTemplate(name="blank", title="Free text"),
)  # fmt: skip
