"""The page and the note that lie on a disc: they open from the disc itself, without a server and without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from pydicom.dataset import Dataset

_STYLE: Final = (
    ":root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--line:#c9d1d9}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--line:#484f58}}"
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem;color:var(--ink);"
    "background:var(--paper)}"
    "h2{border-bottom:1px solid var(--line);margin-top:2rem}"
    "ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:1rem}li{width:16rem}"
    "img{width:16rem;height:16rem;object-fit:contain;background:#000}a{color:inherit}"
    "a:focus-visible{outline:3px solid;outline-offset:2px}.note{border:1px solid var(--line);padding:.75rem}"
)

_WORDS: Final[dict[str, dict[str, str]]] = {
    "fr": {
        "title": "Images médicales",
        "note": "Ces vignettes ne servent pas au diagnostic\N{NO-BREAK SPACE}: les images d’origine sont dans le dossier DICOM, "
        "une visionneuse les ouvre par le fichier DICOMDIR.",
        "without_identity": "L’identité a été retirée de ces images. Ce qui serait écrit dans les pixels n’a pas été effacé.",
        "born": "né(e) le",
        "image": "Image",
        "file": "fichier",
        "no_picture": "sans vignette",
        "readme": "Ce disque contient {objects} objet(s) DICOM.\n\nDICOMDIR    le répertoire, pour une visionneuse DICOM\n"
        "DICOM       les images d’origine\nINDEX.HTM   une page à ouvrir dans un navigateur, avec des vignettes\n"
        "PICTURES    les vignettes, qui ne servent pas au diagnostic\n",
        "remarks": "À regarder avant de remettre ce disque :",
    },
    "en": {
        "title": "Medical images",
        "note": "These pictures are not for diagnosis: the original images are in the folder DICOM, and a viewer opens them by "
        "the file DICOMDIR.",
        "without_identity": "The identity was removed from these images. What may be written in the pixels was not erased.",
        "born": "born",
        "image": "Image",
        "file": "file",
        "no_picture": "no picture",
        "readme": "This disc holds {objects} DICOM object(s).\n\nDICOMDIR    the directory, for a DICOM viewer\n"
        "DICOM       the original images\nINDEX.HTM   a page to open in a browser, with pictures\n"
        "PICTURES    the pictures, which are not for diagnosis\n",
        "remarks": "To look at before this disc is handed over:",
    },
}

_REMARKS: Final[dict[str, dict[str, str]]] = {
    "fr": {
        "left_out": "laissé de côté, cette sorte d’objet ne peut pas perdre son identité",
        "damaged": "laissé de côté, l’objet conservé est illisible",
        "not_in_directory": "présent, mais pas dans le répertoire",
        "said_to_be_burned_in": "dit porter du texte dans ses pixels",
        "not_said": "ne dit pas s’il porte du texte dans ses pixels",
        "looks_like_text": "quelque chose ressemble à du texte au bord de l’image",
        "recognisable": "un visage peut y être reconnu",
        "not_looked_at": "n’a pas pu être décodé",
    },
    "en": {
        "left_out": "left out, an object of this kind cannot lose its identity",
        "damaged": "left out, the stored object cannot be read",
        "not_in_directory": "there, but not in the directory",
        "said_to_be_burned_in": "says that it has text in its pixels",
        "not_said": "does not say whether it has text in its pixels",
        "looks_like_text": "something at the border of the image looks like text",
        "recognisable": "a face may be recognised in it",
        "not_looked_at": "could not be decoded",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page says of one object."""

    patient: str
    study: str
    series: str
    number: str
    file_name: str
    picture_name: str | None

    @classmethod
    def of(cls, header: Dataset, *, file_name: str, picture_name: str | None) -> Shown:
        """Read it out of the header."""
        name = str(header.get("PatientName", "") or "").split("=")[0].replace("^", " ").strip()
        facts = [name, str(header.get("PatientID", "") or ""), _day(header, "PatientBirthDate")]
        return cls(
            patient=", ".join(filter(None, facts)),
            study=" ".join(filter(None, [_day(header, "StudyDate"), str(header.get("StudyDescription", "") or "")])),
            series=" ".join(
                str(header.get(keyword, "") or "") for keyword in ("Modality", "SeriesNumber", "SeriesDescription")
            ).strip(),
            number=str(header.get("InstanceNumber", "") or ""),
            file_name=file_name,
            picture_name=picture_name,
        )


def _day(header: Dataset, keyword: str) -> str:
    value = str(header.get(keyword, "") or "")
    return f"{value[:4]}-{value[4:6]}-{value[6:8]}" if len(value) == 8 and value.isdigit() else ""


def index_page(shown: Sequence[Shown], language: str, *, without_identity: bool) -> bytes:
    """Return the page: patients, studies, series, and a picture that leads to itself in full."""
    words = _WORDS.get(language, _WORDS["en"])
    lines = [
        f'<!DOCTYPE html>\n<html lang="{"fr" if words is _WORDS["fr"] else "en"}">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{escape(words['title'])}</title><style>{_STYLE}</style></head><body><main>",
        f'<h1>{escape(words["title"])}</h1><p class="note">{escape(words["note"])}</p>',
    ]
    if without_identity:
        lines.append(f'<p class="note">{escape(words["without_identity"])}</p>')
    place: tuple[str, str, str] = ("", "", "")
    is_open = False
    for one in shown:
        if (one.patient, one.study, one.series) != place or not is_open:
            lines += ["</ul>"] if is_open else []
            lines += _headings(place, one)
            lines.append("<ul>")
            place, is_open = (one.patient, one.study, one.series), True
        lines.append(_entry(one, words))
    lines += ["</ul>"] if is_open else []
    return "\n".join([*lines, "</main></body></html>", ""]).encode()


def _headings(place: tuple[str, str, str], one: Shown) -> list[str]:
    """Return the headings that change."""
    lines = []
    if one.patient != place[0]:
        lines.append(f"<h2>{escape(one.patient or '—')}</h2>")
    if (one.patient, one.study) != place[:2]:
        lines.append(f"<h3>{escape(one.study or '—')}</h3>")
    return [*lines, f"<h4>{escape(one.series or '—')}</h4>"]


def _entry(one: Shown, words: dict[str, str]) -> str:
    label = escape(f"{words['image']} {one.number}".strip())
    if one.picture_name is None:
        return f"<li>{label}, {escape(words['no_picture'])}, {escape(words['file'])} {escape(one.file_name)}</li>"
    picture = escape(one.picture_name)
    return f'<li><a href="{picture}"><img src="{picture}" alt="{label}" loading="lazy"></a><br>{label}</li>'


def read_me(remarks: Sequence[tuple[str, str]], language: str, *, objects: int) -> bytes:
    """Return the note: what lies where, and what a person must look at. Line ends are those of every system."""
    words = _WORDS.get(language, _WORDS["en"])
    text = words["readme"].format(objects=objects)
    if remarks:
        said = _REMARKS.get(language, _REMARKS["en"])
        text += "\n" + words["remarks"] + "\n" + "".join(f"  {name}  {said.get(word, word)}\n" for name, word in remarks)
    return text.replace("\n", "\r\n").encode("utf-8-sig")
