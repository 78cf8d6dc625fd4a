"""The lines that may be written on a picture: whose it is, and how it was made (PS3.18 8.3.5.1.1). Pure."""

from __future__ import annotations

from pydicom.dataset import Dataset

from negatoscope.archive.model import Study

_TECHNIQUE = (("KVP", "kV"), ("XRayTubeCurrent", "mA"), ("ExposureTime", "ms"), ("SliceThickness", "mm"))


def patient_lines(study: Study) -> tuple[str, ...]:
    """Return name, identifier, birth date and sex as they are on record now."""
    born = study.patient_birth_date.isoformat() if study.patient_birth_date is not None else ""
    traits = " ".join(part for part in (born, study.patient_sex) if part)
    name = study.patient_name.partition("=")[0].replace("^", " ").strip()
    return tuple(line for line in (name, study.patient_identifier, traits) if line)


def technique_lines(header: Dataset, study: Study) -> tuple[str, ...]:
    """Return when and how the image was made, with the units."""
    when = study.study_date.isoformat() if study.study_date is not None else ""
    what = " ".join(str(header.get(keyword, "")) for keyword in ("Modality", "BodyPartExamined", "ViewPosition")).split()
    values = [f"{header.get(keyword)} {unit}" for keyword, unit in _TECHNIQUE if header.get(keyword)]
    side = str(header.get("ImageLaterality") or header.get("Laterality") or "")
    return tuple(line for line in (when, " ".join([*what, side]).strip(), "  ".join(values)) if line)
