"""Order messages of invented senders."""

from __future__ import annotations

MSH = r"MSH|^~\&|HIS|HOSPITAL|NEGATOSCOPE|RADIOLOGY|20260310081500+0100||{kind}|{control_id}|P|{version}|||||FRA|UNICODE UTF-8"
PID = (
    "PID|1||{number}^^^HOSPITAL&1.2.250.1.999.1&ISO^PI~279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS^^20101207"
    "||{birth_name}^DOMINIQUE^DOMINIQUE MARIE^^^^L~{used_name}^Dominique^^^^^D||19790328|F|||28 Av de Breteuil^^PARIS^^75007^FRA^H"
    "~^^^^^^BDL^^63220|||||||24000006^^^HOSPITAL&1.2.250.1.999.1&ISO^AN|||||||||||||N|VALI"
)
PV1 = "PV1|1|{patient_class}|CHIR^12^2||||||||||||||||000897406^^^HOSPITAL&1.2.250.1.999.1&ISO^VN"
REQUESTER = "801234564895^Thomas^Éric^^^DR^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"


def an_orm(
    *,
    control: str = "NW",
    control_id: str = "M1",
    placer: str = "OPN101",
    number: str = "17",
    version: str = "2.5.1",
    procedure: str = "CHEST-PA^Thorax de face^99NEGATO",
    accession: str = "",
    study_uid: str = "",
    start: str = "20260310093000",
    priority: str = "R",
    patient_class: str = "O",
    reason: str = "",
    birth_name: str = "PAT-TROIS",
) -> str:
    """Return an ORM^O01 as RAD-2 and RAD-4 write it before IPC existed."""
    segments = [
        MSH.format(kind="ORM^O01^ORM_O01", control_id=control_id, version=version),
        PID.format(number=number, birth_name=birth_name, used_name="PAT-USUEL"),
        PV1.format(patient_class=patient_class),
        f"ORC|{control}|{placer}^HIS|||||^^^{start}^^{priority}||20260310081000|||{REQUESTER}||||^{reason}|RADIO^Radiologie^L",
        f"OBR|1|{placer}^HIS||{procedure}|||||||||Apyrétique|||{REQUESTER}||{accession}||||||DX|||^^^{start}^^{priority}||||^Toux fébrile\\T\\dyspnée",
    ]
    if study_uid:
        segments.append(f"ZDS|{study_uid}^NEGATOSCOPE^Application^DICOM")
    return "\r".join(segments) + "\r"


def an_omi(
    *,
    control: str = "NW",
    control_id: str = "M2",
    placer: str = "OPN202",
    number: str = "17",
    accession: str = "ACN202",
    study_uid: str = "1.2.250.1.999.202",
    start: str = "20260310100000",
    priority: str = "S",
    station: str = "DX1",
    procedure: str = "CHEST-PA^Thorax de face^99NEGATO",
) -> str:
    """Return an OMI^O23: an order with its imaging procedure control."""
    segments = [
        MSH.format(kind="OMI^O23^OMI_O23", control_id=control_id, version="2.5.1"),
        PID.format(number=number, birth_name="PAT-TROIS", used_name="PAT-USUEL"),
        PV1.format(patient_class="E"),
        f"ORC|{control}|{placer}^^1.2.250.1.748.12345678.12^ISO|||SC||||20260310081000|||{REQUESTER}",
        f"TQ1|1||||||{start}||{priority}^^HL70485",
        f"OBR|1|{placer}^^1.2.250.1.748.12345678.12^ISO||{procedure}|||||||||Chute|||{REQUESTER}|||||||||||||||^Pneumothorax ?",
        "OBX|1|NM|29463-7^Body weight^LN||68|kg|||||O",
        "OBX|2|CE|82810-3^Pregnancy status^LN||N^^expandedYes-NoIndicator||||||O",
        f"IPC|{accession}^^1.2.250.1.925.994044.27^ISO|RP202|{study_uid}|SPS202|DX|CHEST-PA^Thorax de face^99NEGATO|SALLE1|Salle 1|{station}",
    ]
    return "\r".join(segments) + "\r"
