"""`make audit`: asks for known vulnerabilities of the pinned packages. What could not be asked is never called fine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
NOT_CHECKED = 2


def main() -> None:
    """Print the advisories; exit code 1 when there are some, 2 when they could not be asked for."""
    uv = Path(sys.executable).parent / "uv"
    command = [str(uv), "tool", "run", "--quiet", "pip-audit", "--disable-pip", "--require-hashes", "-f", "json"]
    for name in ("server", "dev"):
        command += ["-r", str(_ROOT / "requirements" / f"{name}.txt")]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.exit(verdict("", str(error)))
    sys.exit(verdict(run.stdout, run.stderr))


def verdict(document: str, words: str) -> int:
    """Print what the advisories say (pip-audit's JSON) and return the exit code; `words` says why there are none."""
    try:
        packages = json.loads(document)["dependencies"]
    except (ValueError, KeyError, TypeError):
        print(f"not checked: the advisories cannot be reached. {' '.join(words.split())[-300:]}")
        return NOT_CHECKED
    skipped = [package["name"] for package in packages if package.get("skip_reason")]
    found = [(package, advisory) for package in packages for advisory in package.get("vulns", [])]
    for package, advisory in found:
        mend = ", ".join(advisory.get("fix_versions", [])) or "no fixed version yet"
        print(f"{package['name']} {package['version']}: {advisory['id']} (mended in: {mend})")
    if skipped or not packages:
        print(f"not checked: {len(skipped)} of {len(packages)} packages, as {' '.join(skipped[:3]) or 'none'}")
        return 1 if found else NOT_CHECKED
    print(f"{len(packages)} packages were checked, {len(found)} advisories apply.")
    return 1 if found else 0


if __name__ == "__main__":
    main()
