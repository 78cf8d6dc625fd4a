"""Which body regions are the same, one inside the other, or neighbours: Body Part Examined terms (PS3.16 Annex L). Pure."""

from __future__ import annotations

# Region -> the regions that hold it, from near to far.
PARENTS: dict[str, tuple[str, ...]] = {
    "LUNG": ("CHEST",),
    "HEART": ("CHEST",),
    "RIB": ("CHEST",),
    "STERNUM": ("CHEST",),
    "CLAVICLE": ("SHOULDER", "UPPER_LIMB"),
    "SCAPULA": ("SHOULDER", "UPPER_LIMB"),
    "SHOULDER": ("UPPER_LIMB",),
    "HUMERUS": ("UPPER_LIMB",),
    "ELBOW": ("UPPER_LIMB",),
    "FOREARM": ("UPPER_LIMB",),
    "WRIST": ("UPPER_LIMB",),
    "HAND": ("UPPER_LIMB",),
    "FINGER": ("HAND", "UPPER_LIMB"),
    "THUMB": ("HAND", "UPPER_LIMB"),
    "HIP": ("PELVIS", "LOWER_LIMB"),
    "FEMUR": ("LOWER_LIMB",),
    "KNEE": ("LOWER_LIMB",),
    "PATELLA": ("KNEE", "LOWER_LIMB"),
    "TIBIA": ("LOWER_LIMB",),
    "ANKLE": ("LOWER_LIMB",),
    "FOOT": ("LOWER_LIMB",),
    "CALCANEUS": ("FOOT", "LOWER_LIMB"),
    "TOE": ("FOOT", "LOWER_LIMB"),
    "CSPINE": ("SPINE",),
    "TSPINE": ("SPINE",),
    "LSPINE": ("SPINE",),
    "SACRUM": ("PELVIS", "SPINE"),
    "COCCYX": ("PELVIS", "SPINE"),
    "SKULL": ("HEAD",),
    "JAW": ("HEAD",),
    "SINUS": ("HEAD",),
    "TEETH": ("HEAD",),
    "KIDNEY": ("ABDOMEN",),
    "BLADDER": ("PELVIS",),
}

NEIGHBOURS = frozenset(
    frozenset(pair)
    for pair in [
        ("CHEST", "ABDOMEN"),
        ("CHEST", "TSPINE"),
        ("CHEST", "SHOULDER"),
        ("CHEST", "NECK"),
        ("ABDOMEN", "PELVIS"),
        ("ABDOMEN", "LSPINE"),
        ("PELVIS", "LSPINE"),
        ("CSPINE", "TSPINE"),
        ("TSPINE", "LSPINE"),
        ("CSPINE", "HEAD"),
        ("CSPINE", "NECK"),
        ("HIP", "FEMUR"),
        ("FEMUR", "KNEE"),
        ("KNEE", "TIBIA"),
        ("TIBIA", "ANKLE"),
        ("ANKLE", "FOOT"),
        ("SHOULDER", "HUMERUS"),
        ("HUMERUS", "ELBOW"),
        ("ELBOW", "FOREARM"),
        ("FOREARM", "WRIST"),
        ("WRIST", "HAND"),
    ]
)

SYNONYMS = {
    "THORAX": "CHEST",
    "PULMON": "CHEST",
    "CERVICAL SPINE": "CSPINE",
    "THORACIC SPINE": "TSPINE",
    "LUMBAR SPINE": "LSPINE",
    "ARM": "UPPER_LIMB",
    "UPPER ARM": "HUMERUS",
    "LOWER ARM": "FOREARM",
    "RADIUS": "FOREARM",
    "ULNA": "FOREARM",
    "LEG": "LOWER_LIMB",
    "EXTREMITY": "LIMB",
    "LOWER LEG": "TIBIA",
    "FIBULA": "TIBIA",
    "THIGH": "FEMUR",
    "HEEL": "CALCANEUS",
    "RIBS": "RIB",
    "ABDOMEN PELVIS": "ABDOMEN",
    "MANDIBLE": "JAW",
}


def region_of(body_part: str) -> str:
    """Return the region named by a Body Part Examined value, tolerant of case, underscores and common synonyms."""
    words = " ".join(body_part.upper().replace("_", " ").split())
    found = SYNONYMS.get(words, words)
    return {"UPPER LIMB": "UPPER_LIMB", "LOWER LIMB": "LOWER_LIMB"}.get(found, found)


def nearness(first: str, second: str) -> tuple[float, str]:
    """Return how near two regions are (1 same, 0.7 one holds the other, 0.3 neighbours, 0) and the word for it."""
    one, other = region_of(first), region_of(second)
    if not one or not other:
        return 0.0, "unknown_region"
    if one == other:
        return 1.0, "same_region"
    if other in PARENTS.get(one, ()) or one in PARENTS.get(other, ()):
        return 0.7, "overlapping_region"
    if frozenset({one, other}) in NEIGHBOURS:
        return 0.3, "adjacent_region"
    return 0.0, "other_region"
