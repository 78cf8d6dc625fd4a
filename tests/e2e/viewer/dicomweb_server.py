"""A DICOMweb server of a few objects in memory, with one page that holds the viewer."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import UID, ExplicitVRLittleEndian

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

BOUNDARY: Final = "frame-boundary"
MEDIA_TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
    ".woff": "font/woff",
}
POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    "img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A data set and the transfer syntax its pixels are in."""

    data_set: Dataset
    transfer_syntax_uid: str = ExplicitVRLittleEndian


@dataclass(slots=True)
class Department:
    """What the server answers with; tests change it between requests."""

    build: Path
    objects: list[StoredObject] = field(default_factory=list)
    config: dict[str, Json] = field(default_factory=dict)
    theme: str = "dark"
    findings: dict[str, Json] = field(default_factory=lambda: {"status": "no_model", "models": [], "findings": []})
    broken_frames: set[str] = field(default_factory=set)
    bulk_data: bool = False
    foreign_syntax: str | None = None
    """Say that frames are in this transfer syntax, unless plain ones are asked for."""
    hold: threading.Event = field(default_factory=threading.Event)
    """Frames wait until this is set."""
    accepted: list[str] = field(default_factory=list)
    """Each Accept header that came with a request for a frame."""

    def of_study(self, study_uid: str) -> list[StoredObject]:
        return [stored for stored in self.objects if stored.data_set.StudyInstanceUID == study_uid]

    def instance(self, sop_instance_uid: str) -> StoredObject:
        return next(stored for stored in self.objects if stored.data_set.SOPInstanceUID == sop_instance_uid)


def frame_bytes(stored: StoredObject, frame: int) -> bytes:
    """Cut out the bytes of one frame, counted from 1."""
    data_set = stored.data_set
    frames = int(data_set.get("NumberOfFrames") or 1)
    if UID(stored.transfer_syntax_uid).is_encapsulated:
        return list(generate_frames(data_set.PixelData, number_of_frames=frames))[frame - 1]
    length = data_set.Rows * data_set.Columns * data_set.SamplesPerPixel * data_set.BitsAllocated // 8
    return bytes(data_set.PixelData[(frame - 1) * length : frame * length])


def metadata(stored: StoredObject, *, bulk_data: bool) -> Json:
    """Return the DICOM JSON of an object without its pixels; with `bulk_data`, large values stay behind an address."""
    data_set = Dataset({element.tag: element for element in stored.data_set if element.tag != 0x7FE00010})
    name = f"../bulk/{data_set.SOPInstanceUID}"
    answer: Json = data_set.to_json_dict(
        bulk_data_threshold=64 if bulk_data else 1 << 30, bulk_data_element_handler=lambda element: f"{name}/{element.tag:08X}"
    )
    return answer


def _find_bulk(data_set: Dataset, tag: int) -> bytes:
    for element in data_set.iterall():
        if element.tag == tag and isinstance(element.value, bytes):
            return element.value
    raise LookupError(tag)


def page_html(department: Department) -> str:
    """Write the page as the site does: style sheets and modules by the manifest, the configuration as a data block."""
    manifest: Mapping[str, dict[str, Json]] = json.loads((department.build / ".vite" / "manifest.json").read_text())
    sheets: list[str] = []
    for entry in ("src/site.ts", "src/viewer.ts"):
        styles = manifest.get(entry, {}).get("css", [])
        sheets += [str(style) for style in styles] if isinstance(styles, list) else []
    links = "".join(f'<link rel="stylesheet" href="/static/build/{sheet}">' for sheet in sheets)
    language = department.config.get("language", "fr")
    config = json.dumps(department.config).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="{language}" data-theme="{department.theme}"><head><meta charset="utf-8"><title>Viewer</title>{links}
<link rel="stylesheet" href="/page.css"></head>
<body><main id="page"><h1 class="unseen">Viewer</h1><div id="viewer"></div><textarea aria-label="Report"></textarea></main>
<script type="application/json" id="viewer-config">{config}</script>
<script type="module" src="/static/build/{manifest["src/viewer.ts"]["file"]}"></script></body></html>"""


PAGE_CSS: Final = """
html, body { height: 100%; margin: 0; overflow: hidden }
#page { display: flex; flex-direction: column; height: 100vh; max-width: none; margin: 0; padding: 0 }
#viewer { flex: 1; min-height: 0 }
.unseen, textarea { position: absolute; width: 1px; height: 1px; min-height: 0; overflow: hidden; clip-path: inset(50%) }
"""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: DicomWebServer

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        for pattern, answer in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match:
                answer(self, *match.groups())
                return
        self._answer(b"", "text/plain", HTTPStatus.NOT_FOUND)

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests' output is theirs."""

    def page(self) -> None:
        self._answer(page_html(self.server.department).encode(), "text/html; charset=utf-8")

    def page_css(self) -> None:
        self._answer(PAGE_CSS.encode(), "text/css")

    def asset(self, name: str) -> None:
        path = self.server.department.build / name
        if not path.is_file():
            self._answer(b"", "text/plain", HTTPStatus.NOT_FOUND)
            return
        self._answer(path.read_bytes(), MEDIA_TYPES.get(path.suffix, "application/octet-stream"))

    def findings(self) -> None:
        self._answer(json.dumps(self.server.department.findings).encode(), "application/json")

    def study_metadata(self, study_uid: str) -> None:
        department = self.server.department
        found = [metadata(stored, bulk_data=department.bulk_data) for stored in department.of_study(study_uid)]
        self._answer(json.dumps(found).encode(), "application/dicom+json", HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)

    def bulk(self, sop_instance_uid: str, tag: str) -> None:
        value = _find_bulk(self.server.department.instance(sop_instance_uid).data_set, int(tag, 16))
        self._multipart(value, "application/octet-stream")

    def frame(self, sop_instance_uid: str, frame: str) -> None:
        department = self.server.department
        department.accepted.append(self.headers["Accept"])
        department.hold.wait(30)
        if sop_instance_uid in department.broken_frames:
            self._answer(b"", "text/plain", HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        stored = department.instance(sop_instance_uid)
        is_plain = self.headers["Accept"].endswith(ExplicitVRLittleEndian)
        syntax = stored.transfer_syntax_uid if is_plain else department.foreign_syntax or stored.transfer_syntax_uid
        media_type = f"application/octet-stream; transfer-syntax={syntax}"
        self._multipart(frame_bytes(stored, int(frame)), media_type)

    def _multipart(self, body: bytes, media_type: str) -> None:
        head = f"--{BOUNDARY}\r\nContent-Type: {media_type}\r\n\r\n".encode()
        whole = head + body + f"\r\n--{BOUNDARY}--\r\n".encode()
        self._answer(whole, f'multipart/related; type="application/octet-stream"; boundary={BOUNDARY}')

    def _answer(self, body: bytes, media_type: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)


_INSTANCE: Final = r"/dicom-web/studies/[0-9.]+/series/[0-9.]+/instances/([0-9.]+)"
_ROUTES: Final = (
    (r"/", _Handler.page),
    (r"/page\.css", _Handler.page_css),
    (r"/static/build/([\w./-]+)", _Handler.asset),
    (r"/findings", _Handler.findings),
    (r"/dicom-web/studies/([0-9.]+)/metadata", _Handler.study_metadata),
    (r"/dicom-web/studies/bulk/([0-9.]+)/([0-9A-F]{8})", _Handler.bulk),
    (_INSTANCE + r"/frames/(\d+)", _Handler.frame),
)


class DicomWebServer(ThreadingHTTPServer):
    """Listens on a free port of the loopback address until it is closed."""

    daemon_threads = True

    def __init__(self, department: Department) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.department = department
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def __enter__(self) -> DicomWebServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


def show(department: Department, objects: Iterable[StoredObject], **config: Json) -> None:
    """Let the department hold these objects and the page open the first one's study."""
    department.objects = list(objects)
    department.config = {"study_uid": department.objects[0].data_set.StudyInstanceUID, "language": "fr"} | config
    department.hold.set()
