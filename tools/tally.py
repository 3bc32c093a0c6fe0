"""Print the sum of all JUnit result files of a folder as one line."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def main(folder: Path) -> None:
    """Print ``N passed, N failed, N skipped`` over all files of ``folder``."""
    passed = failed = skipped = 0
    for file in sorted(folder.glob("*.xml")):
        for case in ET.parse(file).getroot().iter("testcase"):
            kinds = {child.tag for child in case}
            if kinds & {"failure", "error"} or case.get("status") == "fail":
                failed += 1
            elif "skipped" in kinds or case.get("status") in ("notrun", "disabled"):
                skipped += 1
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
