"""What must not become an environment: files that no plan is made of, and builds that fail or are stopped."""

from __future__ import annotations

from datetime import timedelta

from environments.files import PYLOCK_INCOMPLETE
from environments.workspace import Workspace, limited, python, r
from support.workspaces import REFUSED

FORKS = "#!/bin/sh\nfork() { fork | fork; }\nfork\nexit 1\n"
FILLS = '#!/bin/sh\ndd if=/dev/zero of="$HOME/full" bs=1M count=400 2>/dev/null\n'
PRINTS = "#!/bin/sh\nyes 'all work and no play' | head -c 10000000000\n"
SLEEPS = "#!/bin/sh\nsleep 600\n"
ASKS = "#!/bin/bash\nset -e\necho asks >/dev/tcp/192.0.2.1/80\n"


def post_build(name: str, script: str, refused: str, at: str = "", **limits: int | timedelta) -> Workspace:
    """Return a workspace whose script misbehaves while the environment is built."""
    return python(name, "", {"postBuild": script}, refused=refused, at=at or "postBuild", limits=limited(**limits))


BUILDS = [
    python("requirements.txt with the hash of another file", "",
           {"requirements.txt": f"six==1.16.0 --hash=sha256:{'0' * 64}\n"}, refused="hash_mismatch", at="requirements.txt:1"),
    python("requirements.txt with a version that is not there", "", {"requirements.txt": "\nsix==99.99\n"},
           refused="package_not_found", at="requirements.txt:2"),
    python("requirements.txt that contradicts itself", "", {"requirements.txt": "requests==2.31.0\nurllib3==3.0.0\n"},
           refused="package_not_found", at="requirements.txt:2"),
    python("requirements.txt that asks for two things that exclude each other", "",
           {"requirements.txt": "requests==2.31.0\nurllib3==1.20\n"}, refused="packages_conflict", at="requirements.txt:"),
    python("requirements.txt of a source that is not known", "", {"requirements.txt": "wget==3.2\n"},
           refused="package_not_found", at="requirements.txt:1"),
    python("pylock.toml that does not lock everything", "", {"pylock.toml": PYLOCK_INCOMPLETE}, refused="lock_incomplete"),
    python("apt.txt with a name that is not there", "", {"apt.txt": "jq\nnosuchpackageatall\n"},
           refused="package_not_found", at="apt.txt:2"),
    r("an R package that is not there", "library(nosuchpackageatall)", refused="package_not_found", at="main.R:"),
    post_build("postBuild that forks", FORKS, "script_failed", wall_clock=timedelta(seconds=300)),
    post_build("postBuild that fills the disk", FILLS, "image_too_large", image_bytes=300 << 20),
    post_build("postBuild that prints 10 GB", PRINTS, "script_output_too_large", log_bytes=64 << 10),
    post_build("postBuild without an end", SLEEPS, "build_timeout", wall_clock=timedelta(seconds=45)),
    post_build("postBuild that asks the network", ASKS, "script_failed"),
]  # fmt: skip

PLANS = [
    Workspace(f"refused: {name}", {"main.py": "", "display.png": "", **files}, refused=code, at=place)
    for name, files, code, place in REFUSED
]

ADDRESSES = (
    "https://git.example.org/a/b@--upload-pack=id",
    "https://git.example.org/a/b@-oProxyCommand=id",
    "https://--upload-pack=id/a/b",
    "https://git.example.org/--upload-pack=id/b",
    "ext::sh -c id% >&2",
    "file:///etc",
    "https://user:word@git.example.org/a/b",
    "https://git.example.org/a/b@a..b",
    "https://git.example.org/a/b#../../etc",
    "https://git.example.org/a/b#--help",
    "https://127.0.0.1/a/b",
    "-u https://git.example.org/a/b",
)
"""Addresses and refs of repositories that would be options, commands or places of this machine."""
