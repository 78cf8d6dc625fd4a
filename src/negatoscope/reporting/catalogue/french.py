"""Report templates in French."""

from __future__ import annotations

from negatoscope.reporting.catalogue.template import ReportTemplate

TEMPLATES = (
    ReportTemplate(
        name="chest_pa_normal",
        title="Thorax de face, normal",
        regions=("CHEST",),
        assessment="normal",
        technique="Radiographie du thorax de face, debout, en inspiration.",
        findings=(
            "Parenchyme : pas d’opacité parenchymateuse focale ni de syndrome interstitiel.\n"
            "Plèvre : culs-de-sac pleuraux libres, pas de pneumothorax.\n"
            "Médiastin : silhouette cardio-médiastinale de taille et de morphologie normales.\n"
            "Hiles : d’aspect normal.\n"
            "Cadre osseux : pas de lésion visible."
        ),
        conclusion="Radiographie du thorax de face sans anomalie décelable.",
    ),
    ReportTemplate(
        name="chest_pa",
        title="Thorax de face, structuré",
        regions=("CHEST",),
        technique="Radiographie du thorax de face, [debout | assis], en inspiration.",
        findings=(
            "Parenchyme : [description].\n"
            "Plèvre : [culs-de-sac libres | épanchement].\n"
            "Médiastin et cœur : [index cardio-thoracique].\n"
            "Hiles : [description].\n"
            "Cadre osseux : [description]."
        ),
        conclusion="[conclusion]",
    ),
    ReportTemplate(
        name="chest_bedside",
        title="Thorax au lit, contrôle de matériel",
        regions=("CHEST",),
        technique="Radiographie du thorax de face, au lit, patient couché.",
        findings=(
            "Sonde d’intubation : extrémité à [distance] cm de la carène.\n"
            "Cathéter veineux central : extrémité en projection de [localisation].\n"
            "Sonde gastrique : [position].\n"
            "Parenchyme : [description].\n"
            "Plèvre : [description] ; pas de pneumothorax visible en décubitus."
        ),
        conclusion="Matériel [en place | à repositionner]. [conclusion]",
    ),
    ReportTemplate(
        name="limb_trauma_normal",
        title="Membre, traumatisme, pas de fracture",
        regions=(
            "HAND", "FINGER", "WRIST", "FOREARM", "ELBOW", "HUMERUS", "SHOULDER", "FOOT", "TOE", "ANKLE", "TIBIA", "KNEE",
        ),
        assessment="normal",
        technique="Radiographies de face et de profil, côté {side}.",
        findings=(
            "Pas de trait de fracture visible.\n"
            "Interlignes articulaires respectés, rapports articulaires normaux.\n"
            "Parties molles sans corps étranger radio-opaque."
        ),
        conclusion=(
            "Pas de lésion osseuse traumatique décelable du côté {side}. En cas de douleur persistante, contrôle à distance."
        ),
    ),
    ReportTemplate(
        name="limb_fracture",
        title="Membre, fracture",
        regions=(
            "HAND", "FINGER", "WRIST", "FOREARM", "ELBOW", "HUMERUS", "SHOULDER", "FOOT", "TOE", "ANKLE", "TIBIA", "KNEE",
            "FEMUR",
        ),
        assessment="abnormal",
        technique="Radiographies de face et de profil, côté {side}.",
        findings=(
            "Fracture [trait] de [os, segment], côté {side}.\n"
            "Déplacement : [non déplacée | bascule, chevauchement en mm].\n"
            "Extension articulaire : [oui | non].\n"
            "Rapports articulaires : [normaux | luxation]."
        ),
        conclusion="Fracture [non déplacée | déplacée] de [os, segment], côté {side}.",
    ),
    ReportTemplate(
        name="pelvis_hip",
        title="Bassin et hanches",
        regions=("PELVIS", "HIP"),
        technique="Radiographie du bassin de face.",
        findings=(
            "Pas de trait de fracture de l’anneau pelvien ni de l’extrémité supérieure des fémurs.\n"
            "Interlignes coxo-fémoraux : [respectés | pincés].\n"
            "Articulations sacro-iliaques et symphyse pubienne : [description].\n"
            "Trame osseuse : [normale | déminéralisation]."
        ),
        conclusion="[conclusion]",
    ),
    ReportTemplate(
        name="spine",
        title="Rachis",
        regions=("CSPINE", "TSPINE", "LSPINE"),
        technique="Radiographies de face et de profil, [debout | couché].",
        findings=(
            "Statique : [normale | description].\n"
            "Hauteur des corps vertébraux : [conservée | tassement de].\n"
            "Disques : [respectés | pincement de].\n"
            "Alignement des murs postérieurs : [conservé | description]."
        ),
        conclusion="[conclusion]",
    ),
    ReportTemplate(
        name="abdomen",
        title="Abdomen sans préparation",
        regions=("ABDOMEN",),
        technique="Radiographie de l’abdomen de face, [debout | couché].",
        findings=(
            "Aérations digestives : [répartition normale | niveaux hydro-aériques].\n"
            "Pneumopéritoine : [absent | présent].\n"
            "Calcifications : [absentes | description]."
        ),
        conclusion="[conclusion]",
    ),
    ReportTemplate(name="blank", title="Texte libre"),
)  # fmt: skip
