"""Clean descriptions: of free text only words stay that name anatomy, views, methods and the like (PS3.15 E.3.4, E.3.5)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WORDS: Final = """
abdomen abdominal abdo adulte adult angio angiography ankle anterieur anterior ap apparent arm artere artery arteriel
axial axiale bassin bilateral bone bones brain bras bronches bw calcaneum calcaneus cardiac cardiaque cage carpe carpal
cerebral cerebrale cervical cervicale cheville chest clavicle clavicule coccyx col colon colonne comparatif comparative
contrast contraste control controle coronal coronale corps costal coude couche cr crane cranial ct cubitus cuisse debout
decubitus delayed dental derriere diaphragm diaphragme diffusion digital doigt dorsal dorsale dos droit droite dx
echo elbow enfant enhanced epaule erect face facial facialis femoral femur fibula finger fingers flair flexion foie foot
forearm fracture frontal gauche genou genoux grill hanche hand head hip hips humerus iliaque incidence injection
inspiration intercondylien irm jambe joint knee knees lat lateral laterale left leg liver localizer lombaire long lumbar
lung lungs machoire main mains mammo mammographie mammography mandible mandibule medial membre mip mlo mr mri mpr native
neck nasal nez oblique omoplate orbit orbite orteil orteils os pa panoramique parenchyme patella pelvic pelvis peroneus
phase pied pieds poignet portable post posterior posterieur postero pre profil poumon poumons projection proton
pulmonaire pulmonary puis queue rachis radio radiographie radiography radius reconstruction rib ribs right rotule sacral
sacrum sagittal sagittale sans scan scapula scaphoid scaphoide scout sein selle series shoulder sinus skull soft spine
sternum supine survey swimmer tangentielle tarse tdm temporal temps thigh thoracic thoracique thorax thumb tibia tissue
toe toes tomosynthese tomosynthesis topogram trauma upright upper venous veineux ventre vertebra vertebral vertebre view
views vue wo without with wrist
"""
_LINKS: Final = "a au aux d de des du en et l la le les of on or ou the to un une vs x"
_SPLIT: Final = re.compile(r"[^\W\d_]+", re.UNICODE)
_KNOWN: Final = frozenset(_SPLIT.findall(_WORDS))
_SHORT: Final = frozenset(_SPLIT.findall(_LINKS))


def folded(text: str) -> str:
    """Return text in lower case without marks, as the words are compared."""
    return "".join(mark for mark in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(mark))


def cleaned_description(text: str) -> str:
    """Return only the known words of a description, in their order; '' when none is known. Numbers never stay."""
    kept = [word for word in _SPLIT.findall(text) if folded(word) in _KNOWN or folded(word) in _SHORT]
    return " ".join(kept) if any(folded(word) in _KNOWN for word in kept) else ""
