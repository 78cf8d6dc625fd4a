"""De-identification by PS3.15 annex E: nothing planted survives, at any depth, and what belongs together stays together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.formats.dicom.deidentification.deidentify import Concern, deidentify
from negatoscope.formats.dicom.deidentification.descriptors import cleaned_description
from negatoscope.formats.dicom.deidentification.profile import Act, Option, Profile
from negatoscope.formats.dicom.deidentification.pseudonyms import Pseudonyms
from negatoscope.formats.dicom.elements import PIXEL_DATA_TAGS
from negatoscope.formats.dicom.files import data_set_from_header, encode_data_set
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from negatoscope.platform.errors import InvalidInput, Refused

KEY = bytes(range(32))
CANARY = "Zyxwvutsq"
BIRTH_DATE = "19431127"
IDENTIFIER = "QX7731905"
CT = "1.2.840.10008.5.1.4.1.1.2"
TEXTUAL = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT", "UR"})
EVERY_TAG = [tag for tag, entry in DicomDictionary.items() if tag >> 16 > 7 and tag not in PIXEL_DATA_TAGS]
OPTION_SETS = st.sets(st.sampled_from(sorted(Option))).map(
    lambda options: frozenset(options) - ({Option.RETAIN_FULL_DATES} if Option.RETAIN_MODIFIED_DATES in options else set())
)


def pseudonyms(patient: str = "one") -> Pseudonyms:
    return Pseudonyms(KEY, patient=patient)


def a_header(**attributes: object) -> Dataset:
    data_set = Dataset()
    data_set.SOPClassUID = CT
    data_set.SOPInstanceUID = "1.2.3.4"
    data_set.StudyInstanceUID = "1.2.3"
    data_set.SeriesInstanceUID = "1.2.3.1"
    data_set.PatientName = f"{CANARY}^Anne"
    data_set.PatientID = IDENTIFIER
    data_set.PatientBirthDate = BIRTH_DATE
    data_set.StudyDate = "20260304"
    data_set.Modality = "CT"
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return data_set


def cleaned(data_set: Dataset, *options: Option, patient: str = "one") -> Dataset:
    return deidentify(data_set, Profile(options=frozenset(options)), pseudonyms(patient)).data_set


def day_of(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def planted(tag: int, text: str) -> DataElement | None:
    vr = DicomDictionary[tag][0].split(" or ")[0]
    if vr in TEXTUAL:
        return DataElement(tag, vr, text[:16] if vr in {"AE", "SH"} else text)
    return DataElement(tag, vr, text.encode()) if vr in {"OB", "UN"} else None


def nested(inner: Dataset, depth: int) -> Dataset:
    """Put a data set into as many sequences that the table says nothing of, and one private one."""
    for _ in range(depth):
        outer = Dataset()
        outer.AnatomicRegionSequence = Sequence([inner])
        inner = outer
    return inner


def everything(text: str, tags: Iterator[int] | list[int]) -> Dataset:
    data_set = Dataset()
    for tag in tags:
        element = planted(tag, text)
        if element is not None:
            data_set.add(element)
    return data_set


def holds(data_set: Dataset, text: str) -> bool:
    return text.casefold().encode() in encode_data_set(data_set).lower()


@pytest.mark.parametrize("depth", [0, 1, 4])
@pytest.mark.parametrize("options", [frozenset(), frozenset(set(Option) - {Option.RETAIN_FULL_DATES})], ids=["basic", "all"])
def test_a_name_planted_in_every_attribute_survives_nowhere(depth: int, options: frozenset[Option]) -> None:
    data_set = a_header()
    data_set.update(nested(everything(f"for {CANARY} x", EVERY_TAG), depth))
    data_set.SOPClassUID = CT
    out = deidentify(data_set, Profile(options=options), pseudonyms()).data_set
    assert holds(data_set, CANARY)
    assert not holds(out, CANARY)


@pytest.mark.parametrize("depth", [0, 1, 4])
def test_a_text_nobody_knows_survives_in_no_attribute_of_the_table(depth: int) -> None:
    profile = Profile()
    listed = [tag for tag in EVERY_TAG if profile.act_on(tag) is not None]
    data_set = a_header()
    data_set.update(nested(everything("wombatwombat", listed), depth))
    out = deidentify(data_set, profile, pseudonyms()).data_set
    assert len(listed) > 600
    assert not holds(out, "wombat")


@given(tag=st.sampled_from(EVERY_TAG), depth=st.integers(0, 6), options=OPTION_SETS, text=st.sampled_from([CANARY, IDENTIFIER]))
@settings(max_examples=300, deadline=None)
def test_no_option_lets_an_identity_through(tag: int, depth: int, options: frozenset[Option], text: str) -> None:
    data_set = a_header()
    element = planted(tag, text)
    if element is None:
        return
    data_set.update(nested(Dataset({element.tag: element}), depth))
    data_set.SOPClassUID = CT
    if tag not in (0x00100010, 0x00100020) or depth:
        data_set.PatientName, data_set.PatientID = f"{CANARY}^Anne", IDENTIFIER
    out = deidentify(data_set, Profile(options=options), pseudonyms()).data_set
    # Fields of 16 characters cut nothing: both texts fit.
    assert not holds(out, text)


@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN])
def test_a_name_inside_binary_values_survives_nowhere(syntax: str) -> None:
    data_set = a_header()
    data_set.add_new(0x00282000, "OB", b"profile of Zyxwvutsq ")  # ICC Profile
    data_set.add_new(0x00281201, "OW", b"Zyxwvutsq!")  # Red Palette Color Lookup Table Data
    read = data_set_from_header(encode_data_set(data_set, syntax), syntax)
    assert not holds(cleaned(read), CANARY)


def test_birth_date_survives_in_no_text() -> None:
    out = cleaned(a_header(SeriesDescription=f"born {BIRTH_DATE}", Manufacturer="27.11.1943", KVP="120"))
    assert not holds(out, BIRTH_DATE)
    assert "27.11.1943" not in str(out)
    assert out.KVP == 120


def test_private_attributes_go_and_known_numbers_may_stay() -> None:
    data_set = a_header()
    block = data_set.private_block(0x0043, "GEMS_PARM_01", create=True)
    block.add_new(0x39, "IS", [1000, 8])
    block.add_new(0x40, "LO", CANARY)
    other = data_set.private_block(0x0043, CANARY, create=True)
    other.add_new(0x39, "IS", "77")
    assert not [element for element in cleaned(data_set) if element.tag.is_private]
    kept = [element for element in cleaned(data_set, Option.RETAIN_SAFE_PRIVATE) if element.tag.is_private]
    assert [str(element.tag) for element in kept] == ["(0043,0010)", "(0043,1039)"]


def test_overlays_curves_and_unknown_representations_go() -> None:
    data_set = a_header()
    data_set.add_new(0x60000010, "US", 8)
    data_set.add_new(0x60003000, "OW", b"burned in")
    data_set.add_new(0x50003000, "OW", b"12345678")
    data_set.add_new(0x00189999, "UN", b"raw bytes!")
    out = cleaned(data_set, Option.CLEAN_GRAPHICS)
    assert not [tag for tag in out.keys() if tag >> 24 in (0x50, 0x60) or tag == 0x00189999]  # noqa: SIM118


def test_uids_are_replaced_alike_everywhere_and_never_reveal_the_old_ones() -> None:
    reference = Dataset()
    reference.ReferencedSOPClassUID = CT
    reference.ReferencedSOPInstanceUID = "1.2.3.4"
    out = cleaned(a_header(SourceImageSequence=[reference], FrameOfReferenceUID="1.2.9"))
    assert out.SOPClassUID == CT
    assert out.SOPInstanceUID.startswith("2.25.")
    assert out.SourceImageSequence[0].ReferencedSOPInstanceUID == out.SOPInstanceUID
    assert out.SourceImageSequence[0].ReferencedSOPClassUID == CT
    assert cleaned(a_header()).StudyInstanceUID == out.StudyInstanceUID
    assert Pseudonyms(bytes(32), patient="one").uid("1.2.3") != out.StudyInstanceUID
    assert cleaned(a_header(), Option.RETAIN_UIDS).StudyInstanceUID == "1.2.3"


def test_pseudonyms_are_those_of_the_patient_and_the_project() -> None:
    out = cleaned(a_header())
    assert out.PatientName == out.PatientID == cleaned(a_header(PatientName="Other^Name")).PatientID
    assert cleaned(a_header(), patient="two").PatientID != out.PatientID
    with pytest.raises(InvalidInput):
        Pseudonyms(b"short", patient="one")


@pytest.mark.parametrize(
    ("option", "said", "study_date"), [(None, "REMOVED", ""), (Option.RETAIN_FULL_DATES, "UNMODIFIED", "20260304")]
)
def test_dates_go_or_stay(option: Option | None, said: str, study_date: str) -> None:
    out = cleaned(a_header(), *([option] if option else []))
    assert out.LongitudinalTemporalInformationModified == said
    assert (out.StudyDate or "") == study_date
    assert not out.PatientBirthDate


def test_shifted_dates_keep_their_distances() -> None:
    data_set = a_header(SeriesDate="20260306", AcquisitionDateTime="20260306101112.5+0100", StudyTime="101112")
    out = cleaned(data_set, Option.RETAIN_MODIFIED_DATES)
    assert out.LongitudinalTemporalInformationModified == "MODIFIED"
    assert (day_of(out.SeriesDate) - day_of(out.StudyDate)).days == 2
    assert day_of(out.StudyDate) < date(2026, 3, 4)
    assert out.AcquisitionDateTime[8:] == "101112.5+0100"
    assert out.StudyTime == "101112"
    assert cleaned(a_header(StudyDate="2026.03.04"), Option.RETAIN_MODIFIED_DATES).StudyDate in ("", None)


def test_full_and_shifted_dates_contradict_each_other() -> None:
    with pytest.raises(InvalidInput):
        Profile(options=frozenset({Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES}))


@pytest.mark.parametrize(
    ("option", "keyword", "value"),
    [
        (Option.RETAIN_DEVICE_IDENTITY, "StationName", "ROOM7"),
        (Option.RETAIN_INSTITUTION_IDENTITY, "InstitutionName", "Somewhere"),
        (Option.RETAIN_PATIENT_CHARACTERISTICS, "PatientAge", "082Y"),
        (Option.RETAIN_PATIENT_CHARACTERISTICS, "PatientSex", "F"),
    ],
)
def test_an_option_keeps_what_it_names(option: Option, keyword: str, value: str) -> None:
    data_set = a_header(**{keyword: value})
    assert cleaned(data_set, option).get(keyword) == value
    assert cleaned(data_set).get(keyword) != value


def test_descriptions_keep_known_words_only() -> None:
    data_set = a_header(StudyDescription="Thorax de face Mme Dupré 0612345678")
    assert cleaned(data_set, Option.CLEAN_DESCRIPTORS).StudyDescription == "Thorax de face"
    assert "StudyDescription" not in cleaned(data_set)
    assert cleaned_description("de la") == ""


def test_structured_content_keeps_codes_and_numbers_and_loses_words_and_people() -> None:
    def item(value_type: str, **values: object) -> Dataset:
        made = Dataset()
        made.ValueType = value_type
        for keyword, value in values.items():
            setattr(made, keyword, value)
        return made

    content = [item("TEXT", TextValue="Seen by Martin"), item("PNAME", PersonName="Martin^Eve"), item("CODE")]
    out = cleaned(a_header(ContentSequence=content), Option.CLEAN_STRUCTURED_CONTENT)
    assert [one.ValueType for one in out.ContentSequence] == ["TEXT", "PNAME", "CODE"]
    assert not holds(out, "martin")
    basic = cleaned(a_header(ContentSequence=content))
    assert not holds(basic, "martin")


def test_graphics_keep_shapes_and_lose_texts() -> None:
    text, shape = Dataset(), Dataset()
    text.UnformattedTextValue = "Mrs Someone"
    shape.GraphicType, shape.GraphicData = "POINT", [1.0, 2.0]
    layer = Dataset()
    layer.GraphicLayer = "L1"
    layer.TextObjectSequence, layer.GraphicObjectSequence = [text], [shape]
    out = cleaned(a_header(GraphicAnnotationSequence=[layer]), Option.CLEAN_GRAPHICS)
    assert "TextObjectSequence" not in out.GraphicAnnotationSequence[0]
    assert out.GraphicAnnotationSequence[0].GraphicObjectSequence[0].GraphicType == "POINT"


@pytest.mark.parametrize("sop_class", ["104.1", "104.2", "66"])
def test_objects_of_unknown_content_are_refused(sop_class: str) -> None:
    with pytest.raises(Refused):
        cleaned(a_header(SOPClassUID=f"1.2.840.10008.5.1.4.1.1.{sop_class}"))
    with pytest.raises(Refused):
        cleaned(a_header(SOPClassUID="1.2.826.0.1.99"))


def test_the_data_set_says_what_was_done() -> None:
    out = cleaned(a_header(), Option.CLEAN_DESCRIPTORS, Option.RETAIN_UIDS)
    assert out.PatientIdentityRemoved == "YES"
    assert {item.CodeValue for item in out.DeidentificationMethodCodeSequence} == {"113100", "113105", "113110"}
    assert all(item.CodingSchemeDesignator == "DCM" for item in out.DeidentificationMethodCodeSequence)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"BurnedInAnnotation": "YES"}, {Concern.SAID_TO_BE_BURNED_IN}),
        ({"BurnedInAnnotation": "NO", "Modality": "US"}, set()),
        ({"Modality": "US"}, {Concern.NOT_SAID}),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, {Concern.NOT_SAID}),
        ({"RecognizableVisualFeatures": "YES"}, {Concern.RECOGNISABLE}),
        ({}, set()),
    ],
)
def test_what_the_attributes_say_of_text_in_the_picture_is_a_concern(
    attributes: dict[str, str], expected: set[Concern]
) -> None:
    assert deidentify(a_header(**attributes), Profile(), pseudonyms()).concerns == expected


@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN])
def test_a_data_set_that_was_read_from_bytes_is_cleaned_and_written_again(syntax: str) -> None:
    read = data_set_from_header(
        encode_data_set(a_header(InstitutionName="Hôpital", ImageType=["ORIGINAL", "PRIMARY"]), syntax), syntax
    )
    out = data_set_from_header(encode_data_set(cleaned(read), syntax), syntax)
    assert out.ImageType == ["ORIGINAL", "PRIMARY"]
    assert "InstitutionName" not in out or out.InstitutionName != "Hôpital"


def test_every_row_of_the_table_has_an_act() -> None:
    acts = {profile_act for tag in EVERY_TAG if (profile_act := Profile().act_on(tag)) is not None}
    assert acts == {Act.REMOVE, Act.EMPTY, Act.DUMMY, Act.NEW_UID}
    assert Profile().act_on(0x00080050) is Act.EMPTY
    assert Profile().act_on(0x00081140) is Act.NEW_UID
    assert Profile().act_on(0x60023000) is Act.REMOVE
