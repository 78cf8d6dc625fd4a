"""The procedures of the department: frequent radiographs with their labels, views and durations.

Codes are our own (scheme 99NEGATO). LOINC codes are those without side of the French value set JDV_J687 (radiography), of
which `loinc` holds only what stands in that set; regions are the SNOMED CT codes of the national document profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SCHEME = "99NEGATO"
LOINC_SCHEME = "LN"
REGION_SCHEME = "SCT"

HEAD_NECK = "774007"
SPINE = "737561001"
CHEST = "67734004"
ABDOMEN_PELVIS = "63337009"
UPPER_LIMB = "53120007"
LOWER_LIMB = "61685007"


@dataclass(frozen=True, slots=True)
class Procedure:
    """One line of the catalogue. `views` are the usual ones, `duration_min` the time of the room."""

    code: str
    french: str
    english: str
    body_region: str
    needs_laterality: bool
    views: tuple[str, ...]
    duration_min: int
    loinc: str = ""
    modality: str = "DX"


def _row(line: str) -> Procedure:
    code, french, english, region, side, views, minutes, loinc = (cell.strip() for cell in line.split("|"))
    return Procedure(code, french, english, _REGIONS[region], side == "side", tuple(views.split("+")), int(minutes), loinc)


_REGIONS = {
    "head": HEAD_NECK,
    "spine": SPINE,
    "chest": CHEST,
    "trunk": ABDOMEN_PELVIS,
    "arm": UPPER_LIMB,
    "leg": LOWER_LIMB,
}

_ROWS = """
CHEST-PA      | Thorax de face                       | Chest, PA                          | chest | none | PA             | 10 | 24648-8
CHEST-PALAT   | Thorax de face et de profil          | Chest, PA and lateral              | chest | none | PA+LATERAL     | 10 | 24647-0
CHEST-AP      | Thorax de face antéropostérieur      | Chest, AP                          | chest | none | AP             | 10 | 36572-6
CHEST-BED     | Thorax au lit du patient             | Chest, portable AP                 | chest | none | AP             | 20 | 24632-2
CHEST-INSPEXP | Thorax en inspiration et expiration  | Chest, inspiration and expiration  | chest | none | PA+PA          | 10 | 30736-3
RIBS          | Gril costal                          | Ribs                               | chest | side | AP+OBLIQUE     | 15 | 24899-7
STERNUM       | Sternum                              | Sternum                            | chest | none | LATERAL+OBLIQUE| 15 | 24994-6
ABDOMEN-AP    | Abdomen sans préparation de face     | Abdomen, AP                        | trunk | none | AP             | 10 | 24799-9
ABDOMEN-2V    | Abdomen couché et debout             | Abdomen, supine and upright        | trunk | none | AP+AP          | 15 | 24798-1
PELVIS-AP     | Bassin de face                       | Pelvis, AP                         | trunk | none | AP             | 10 | 37622-8
PELVIS-3V     | Bassin, 3 incidences                 | Pelvis, 3 views                    | trunk | none | AP+INLET+OUTLET| 15 | 30766-0
SIJOINT       | Articulations sacro-iliaques         | Sacroiliac joints                  | trunk | none | AP+OBLIQUE     | 15 | 24900-3
SACRUM-COCCYX | Sacrum et coccyx                     | Sacrum and coccyx                  | spine | none | AP+LATERAL     | 15 | 24665-2
CSPINE-2V     | Rachis cervical de face et de profil | Cervical spine, AP and lateral     | spine | none | AP+LATERAL     | 15 | 24942-5
CSPINE-5V     | Rachis cervical, 5 incidences        | Cervical spine, 5 views            | spine | none | AP+LATERAL+OBLIQUE+OBLIQUE+ODONTOID | 20 | 24939-1
CSPINE-DYN    | Rachis cervical dynamique            | Cervical spine, flexion-extension  | spine | none | LATERAL+LATERAL| 15 | 24945-8
TSPINE-2V     | Rachis dorsal de face et de profil   | Thoracic spine, AP and lateral     | spine | none | AP+LATERAL     | 15 | 30753-8
LSPINE-2V     | Rachis lombaire de face et de profil | Lumbar spine, AP and lateral       | spine | none | AP+LATERAL     | 15 | 24970-6
LSPINE-DYN    | Rachis lombaire dynamique            | Lumbar spine, flexion-extension    | spine | none | LATERAL+LATERAL| 20 | 24971-4
SCOLIOSIS     | Rachis entier debout pour scoliose   | Scoliosis series, standing         | spine | none | PA+LATERAL     | 20 | 30717-3
SKULL-2V      | Crâne de face et de profil           | Skull, AP and lateral              | head  | none | AP+LATERAL     | 15 | 24919-3
SINUS         | Sinus de la face                     | Paranasal sinuses                  | head  | none | WATERS         | 10 | 24916-9
MANDIBLE      | Mandibule                            | Mandible                           | head  | none | PA+OBLIQUE     | 15 | 24829-4
NECK-LAT      | Parties molles du cou de profil      | Neck soft tissues, lateral         | head  | none | LATERAL        | 10 | 24843-5
SHOULDER      | Épaule                               | Shoulder                           | arm   | side | AP+OUTLET      | 15 | 24909-4
ACJOINT       | Articulation acromio-claviculaire    | Acromioclavicular joint            | arm   | side | AP             | 10 | 24536-5
CLAVICLE      | Clavicule                            | Clavicle                           | arm   | side | AP+AXIAL       | 10 | 24664-5
SCAPULA       | Scapula                              | Scapula                            | arm   | side | AP+LATERAL     | 15 | 24903-7
HUMERUS       | Humérus                              | Humerus                            | arm   | side | AP+LATERAL     | 10 | 24765-0
ELBOW-2V      | Coude de face et de profil           | Elbow, AP and lateral              | arm   | side | AP+LATERAL     | 10 | 36689-8
FOREARM       | Avant-bras                           | Forearm                            | arm   | side | AP+LATERAL     | 10 | 24891-4
WRIST-2V      | Poignet de face et de profil         | Wrist, AP and lateral              | arm   | side | PA+LATERAL     | 10 | 30793-4
HAND-2V       | Main, 2 incidences                   | Hand, 2 views                      | arm   | side | PA+OBLIQUE     | 10 | 24721-3
HAND-3V       | Main, 3 incidences                   | Hand, 3 views                      | arm   | side | PA+OBLIQUE+LATERAL | 10 | 24722-1
FINGER        | Doigt                                | Finger                             | arm   | side | PA+LATERAL     | 10 | 24706-4
BONE-AGE      | Poignet et main pour âge osseux      | Wrist and hand for bone age        | arm   | side | PA             | 10 | 24724-7
HIP-2V        | Hanche de face et de profil          | Hip, AP and lateral                | leg   | side | AP+LATERAL     | 15 | 36702-9
FEMUR         | Fémur                                | Femur                              | leg   | side | AP+LATERAL     | 10 | 24704-9
KNEE-2V       | Genou de face et de profil           | Knee, AP and lateral               | leg   | side | AP+LATERAL     | 10 | 36709-4
KNEE-STANDING | Genou en charge                      | Knee, standing                     | leg   | side | AP+LATERAL     | 15 | 24805-4
PATELLA       | Patella                              | Patella                            | leg   | side | AXIAL+LATERAL  | 10 | 30791-8
TIBIA-FIBULA  | Jambe (tibia et fibula)              | Tibia and fibula                   | leg   | side | AP+LATERAL     | 10 | 25011-8
ANKLE-2V      | Cheville de face et de profil        | Ankle, AP and lateral              | leg   | side | AP+LATERAL     | 10 | 30779-3
CALCANEUS     | Calcanéus                            | Calcaneus                          | leg   | side | AXIAL+LATERAL  | 10 | 24612-4
FOOT-2V       | Pied, 2 incidences                   | Foot, 2 views                      | leg   | side | AP+OBLIQUE     | 10 | 30784-3
FOOT-STANDING | Pied en charge                       | Foot, standing                     | leg   | side | AP+LATERAL     | 15 | 24708-0
TOES          | Orteils                              | Toes                               | leg   | side | AP+OBLIQUE     | 10 | 25013-4
LEG-LENGTH    | Télémétrie des membres inférieurs    | Leg length, standing               | leg   | none | AP             | 20 | 24700-7
"""

PROCEDURES: Mapping[str, Procedure] = MappingProxyType(
    {row.code: row for row in (_row(line) for line in _ROWS.strip().splitlines())}
)
_BY_LOINC = {row.loinc: row for row in PROCEDURES.values() if row.loinc}

REGION_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType({
    HEAD_NECK: ("Tête et cou", "Head and neck"),
    SPINE: ("Rachis", "Spine"),
    CHEST: ("Thorax", "Chest"),
    ABDOMEN_PELVIS: ("Abdomen et bassin", "Abdomen and pelvis"),
    UPPER_LIMB: ("Membre supérieur", "Upper limb"),
    LOWER_LIMB: ("Membre inférieur", "Lower limb"),
})  # fmt: skip
"""French and English names of the regions."""


def find_procedure(code: str, scheme: str) -> Procedure | None:
    """Return the line that a code names: one of ours (whatever scheme the sender gives it), or a LOINC code."""
    return PROCEDURES.get(code) or (_BY_LOINC.get(code) if scheme in ("", LOINC_SCHEME, "LOINC") else None)
