"""Whether an image suits a model: its card decides, and the reason of a refusal is a machine word. Pure."""

from __future__ import annotations

from negatoscope.ai.card import InputRule
from negatoscope.formats.dicom.attributes import InstanceAttributes


def refusal_of(rule: InputRule, attributes: InstanceAttributes) -> str | None:
    """Return why the model may not look at this image, or None when it may.

    An image that does not say its body part or view is refused: a chest model must not guess that a hand is a chest.
    """
    if attributes.modality not in rule.modalities:
        return "unsuitable_modality"
    if attributes.presentation_intent == "FOR PROCESSING":
        return "unsuitable_raw_image"
    if len(attributes.image_type) > 1 and attributes.image_type[1] == "SECONDARY":
        return "unsuitable_secondary_image"
    if attributes.body_part_examined.upper() not in rule.body_parts:
        return "unsuitable_body_part"
    if rule.view_positions and attributes.view_position.upper() not in rule.view_positions:
        return "unsuitable_view"
    if rule.youngest_years is not None:
        age = _age_years(attributes)
        if age is None:
            return "unsuitable_age_unknown"
        if age < rule.youngest_years:
            return "unsuitable_age"
    return None


def _age_years(attributes: InstanceAttributes) -> int | None:
    born, day = attributes.patient_birth_date, attributes.study_date
    if born is not None and day is not None and born <= day:
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    told = attributes.patient_age
    if len(told) == 4 and told[:3].isdigit() and told[3] in "DWMY":
        return int(told[:3]) if told[3] == "Y" else 0
    return None
