"""Ask pip-audit whether what is pinned is known to be vulnerable, and whether it could look at all.

It ends with 0 when it found nothing and also when it knew nothing about a package: that is no answer, and 69 here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

# What is known, and cannot be reached here.
ACCEPTED: Final = {
    "CVE-2024-5206": "scikit-learn before 1.5: TfidfVectorizer keeps words of its training data; no text is read here",
}
FOUND: Final = 1
CANNOT_LOOK: Final = 69


def main(paths: list[str]) -> int:
    """Audit each requirements file; return 0, 1 or 69, what was found before what was not seen."""
    codes = set()
    for path in paths:
        code, words = judge(_report(path))
        print(*(f"{path}: {line}" for line in words), sep="\n", end="\n" if words else "")
        codes.add(code)
    return FOUND if FOUND in codes else max(codes, default=CANNOT_LOOK)


def judge(report: dict[str, Any] | None) -> tuple[int, list[str]]:
    """Return the exit code for a report of pip-audit (None: it gave none), and what to say."""
    packages = (report or {}).get("dependencies", [])
    unseen = [package["name"] for package in packages if "skip_reason" in package]
    found = [
        f"{package['name']} {package['version']}: {each['id']}, mended in {', '.join(each['fix_versions']) or 'none'}"
        for package in packages
        for each in package.get("vulns", ())
    ]
    if unseen or not packages:
        many = f"nothing is known of {len(unseen)} packages, {', '.join(unseen[:3])} ..." if unseen else "no answer"
        found.append(f"cannot look: {many}; scripts/scan --offline skips this, and says so")
    if any("vulns" in package and package["vulns"] for package in packages):
        return FOUND, found
    return (CANNOT_LOOK if unseen or not packages else 0), found


def _report(path: str) -> dict[str, Any] | None:
    accepted = [argument for name in ACCEPTED for argument in ("--ignore-vuln", name)]
    command = [
        str(Path(sys.executable).with_name("pip-audit")), "--progress-spinner", "off", "--format", "json",
        "--disable-pip", "--require-hashes", "--requirement", path, *accepted,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:
        print(done.stderr.strip()[-500:], file=sys.stderr)
        return None
    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
