"""The examinations of the demonstration: for whom, why, and which drawn radiographs answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from negatoscope.orders.model import Laterality, Origin, Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One examination. Without `recipes` it waits on the worklist; with `report` it is signed."""

    patient: int
    procedure_code: str
    ago: timedelta
    recipes: tuple[str, ...] = ()
    seed: int = 0
    priority: Priority = Priority.ROUTINE
    origin: Origin = Origin.OUTPATIENT
    laterality: Laterality | None = None
    question: str = ""
    report: tuple[str, str] | None = None


HISTORY = (
    Case(
        patient=0,
        procedure_code="CHEST-PA",
        ago=timedelta(days=424),
        recipes=("chest",),
        seed=11,
        question="Bilan préopératoire.",
        report=(
            "Champs pulmonaires clairs. Culs-de-sac pleuraux libres. Silhouette cardio-médiastinale normale.",
            "Radiographie thoracique de face sans anomalie décelable.",
        ),
    ),
    Case(
        patient=4,
        procedure_code="PELVIS-AP",
        ago=timedelta(days=730),
        recipes=("pelvis",),
        seed=12,
        question="Douleurs de hanche.",
        report=("Interlignes coxo-fémoraux conservés. Pas de lésion osseuse visible.", "Bassin de face sans anomalie osseuse."),
    ),
)
TODAY = (
    Case(
        patient=4,
        procedure_code="PELVIS-AP",
        ago=timedelta(minutes=24),
        recipes=("pelvis-fracture",),
        seed=12,
        priority=Priority.STAT,
        origin=Origin.EMERGENCY,
        question="Chute de sa hauteur, impotence du membre inférieur gauche. Fracture ?",
    ),
    Case(
        patient=0,
        procedure_code="CHEST-PA",
        ago=timedelta(minutes=51),
        recipes=("chest-effusion",),
        seed=11,
        priority=Priority.URGENT,
        origin=Origin.EMERGENCY,
        question="Dyspnée et fièvre depuis trois jours. Épanchement ? Foyer ?",
    ),
    Case(
        patient=2,
        procedure_code="HAND-2V",
        ago=timedelta(minutes=38),
        recipes=("hand-fracture",),
        seed=13,
        priority=Priority.URGENT,
        origin=Origin.EMERGENCY,
        laterality=Laterality.RIGHT,
        question="Coup de poing contre un mur, douleur du cinquième rayon.",
    ),
    Case(
        patient=5,
        procedure_code="CHEST-PA",
        ago=timedelta(minutes=17),
        recipes=("chest-pneumothorax",),
        seed=17,
        priority=Priority.URGENT,
        origin=Origin.EMERGENCY,
        question="Douleur thoracique droite brutale, dyspnée. Pneumothorax ?",
    ),
    Case(
        patient=7,
        procedure_code="CHEST-PALAT",
        ago=timedelta(hours=3),
        recipes=("chest-heart", "chest-lateral-heart"),
        seed=14,
        origin=Origin.INPATIENT,
        question="Œdèmes des membres inférieurs. Cardiomégalie ?",
    ),
    Case(
        patient=1,
        procedure_code="CHEST-PALAT",
        ago=timedelta(hours=5),
        recipes=("chest-nodule", "chest-lateral-nodule"),
        seed=15,
        question="Toux traînante, tabagisme.",
    ),
    Case(
        patient=6,
        procedure_code="HAND-2V",
        ago=timedelta(hours=2),
        recipes=("hand",),
        seed=16,
        laterality=Laterality.RIGHT,
        question="Douleur de la main droite après un choc au sport.",
    ),
    Case(patient=3, procedure_code="CHEST-PA", ago=timedelta(minutes=-25), question="Toux fébrile depuis cinq jours. Foyer ?"),
    Case(patient=7, procedure_code="PELVIS-AP", ago=timedelta(minutes=-50), question="Contrôle d'une prothèse de hanche."),
)
