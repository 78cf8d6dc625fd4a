"""Turn the body of a form with files into an import, as it arrives (RFC 7578)."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from negatoscope.access.model import Subject
from negatoscope.archive.imports.uploads import Upload
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform

_DISPOSITION: Final = b"content-disposition"


class ReceivedFiles:
    """One form that is arriving. A field without a file is passed over; the import begins with the first file."""

    def __init__(self, platform: Platform, subject: Subject, content_type: str) -> None:
        media_type, options = parse_options_header(content_type)
        if media_type != b"multipart/form-data" or b"boundary" not in options:
            raise InvalidInput("The form holds no files.", reason="no_files")
        self._platform = platform
        self._subject = subject
        self._upload: Upload | None = None
        self._field = b""
        self._value = b""
        self._disposition = b""
        self._takes = False
        self._is_whole = False
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._begin_file,
                "on_part_data": self._data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def feed(self, data: bytes) -> None:
        """Take the next bytes; raise InvalidInput for a body that is no form."""
        try:
            self._parser.write(data)
        except MultipartParseError as error:
            raise InvalidInput("The form was not sent whole.", reason="bad_multipart") from error

    def finish(self) -> UUID:
        """Take the end of the body and return the import; raise InvalidInput when no file was chosen."""
        try:
            self._parser.finalize()
        except MultipartParseError as error:
            raise InvalidInput("The form was not sent whole.", reason="bad_multipart") from error
        if not self._is_whole:
            raise InvalidInput("The form was not sent whole.", reason="bad_multipart")
        if self._upload is None:
            raise InvalidInput("Choose a folder, files or a ZIP.", reason="no_files")
        self._upload.finish()
        return self._upload.import_id

    def close(self) -> None:
        """Drop what did not arrive whole; harmless after `finish`."""
        if self._upload is not None:
            self._upload.break_off()

    def _begin_part(self) -> None:
        self._field = self._value = self._disposition = b""
        self._takes = False

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._field.lower() == _DISPOSITION:
            self._disposition = self._value
        self._field = self._value = b""

    def _begin_file(self) -> None:
        _, options = parse_options_header(self._disposition)
        # A browser sends the path below the chosen folder here: the parser's own would cut it to the last part.
        name = options.get(b"filename", b"").decode("utf-8", "replace")
        if not name:
            return
        if self._upload is None:
            title = name.replace("\\", "/").split("/")[0]
            self._upload = Upload(self._platform, self._subject, title=title)
        self._upload.begin(name)
        self._takes = True

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._takes and self._upload is not None:
            self._upload.write(data[start:end])

    def _end_part(self) -> None:
        if self._takes and self._upload is not None:
            self._upload.end()

    def _end(self) -> None:
        self._is_whole = True
