"""Print the Python form of PS3.15 table E.1-1 from its rows as JSON: id, basicProfile and one field an option.

python scripts/confidentiality_table.py rows.json > src/negatoscope/formats/dicom/deidentification/table_e_1_1.py
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections import defaultdict
from pathlib import Path

OPTIONS = {
    "rtnUIDsOpt": "retain_uids",
    "rtnDevIdOpt": "retain_device_identity",
    "rtnInstIdOpt": "retain_institution_identity",
    "rtnPatCharsOpt": "retain_patient_characteristics",
    "rtnLongFullDatesOpt": "retain_full_dates",
    "rtnLongModifDatesOpt": "retain_modified_dates",
    "cleanDescOpt": "clean_descriptors",
    "cleanStructContOpt": "clean_structured_content",
    "cleanGraphOpt": "clean_graphics",
}
HEAD = '''"""PS3.15 table E.1-1 as data: what the profile does to each attribute, and what an option does instead.

Each row: the action of the basic profile, `option=action` for each option that overrides it, then the tags. Repeating
groups have an x for each digit that varies; private attributes follow a rule of their own. Made by
scripts/confidentiality_table.py; the edition stands in docs/reference/standards.md.
"""

from __future__ import annotations

from typing import Final

ROWS: Final = """'''


def rows(path: str) -> dict[tuple[str, ...], list[str]]:
    """Group the tags by everything that is done to them."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in json.loads(Path(path).read_text(encoding="utf-8")):
        if len(row["id"]) == 8:
            overrides = [f"{name}={row[field]}" for field, name in OPTIONS.items() if field in row]
            groups[row["basicProfile"], *overrides].append(row["id"].upper().replace("X", "x"))
    return groups


def main() -> None:
    """Write the module to the standard output."""
    lines = [HEAD]
    for key, tags in sorted(rows(sys.argv[1]).items()):
        lines += [" ".join(key), textwrap.fill(" ".join(sorted(tags)), 116, initial_indent="  ", subsequent_indent="  ")]
    sys.stdout.write("\n".join([*lines, '"""\n']))


if __name__ == "__main__":
    main()
