"""Run pip-audit on the pinned packages, and check that it knows all of them.

pip-audit ends with 0 if it found nothing, but also if it knows nothing about a package. The second case is 69 here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

# Known vulnerabilities that cannot be reached in this project, with the reason.
ACCEPTED: Final = {
    "CVE-2024-5206": "scikit-learn before 1.5: TfidfVectorizer stores words of its training data; we read no text",
}
FOUND: Final = 1
CANNOT_LOOK: Final = 69


def main(paths: list[str]) -> int:
    """Audit each requirements file; return 1 if anything was found, else 69 if anything was not audited, else 0."""
    codes = set()
    for path in paths:
        code, words = judge(_report(path))
        print(*(f"{path}: {line}" for line in words), sep="\n", end="\n" if words else "")
        codes.add(code)
    return FOUND if FOUND in codes else max(codes, default=CANNOT_LOOK)


def judge(report: dict[str, Any] | None) -> tuple[int, list[str]]:
    """Return the exit code for a report of pip-audit (None if it printed none), and the lines to print."""
    packages = (report or {}).get("dependencies", [])
    unseen = [package["name"] for package in packages if "skip_reason" in package]
    found = [
        f"{package['name']} {package['version']}: {each['id']}, fixed in {', '.join(each['fix_versions']) or 'none'}"
        for package in packages
        for each in package.get("vulns", ())
    ]
    if unseen or not packages:
        many = f"{len(unseen)} packages are unknown, {', '.join(unseen[:3])} ..." if unseen else "no answer"
        found.append(f"cannot audit: {many}; scripts/scan --offline skips this check")
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
