"""How a run is shut in: the configuration of its container."""

from __future__ import annotations

from typing import Any

from erc.schemas.limits import GIB, KIB, MIB, RunLimits
from erc.workers.executor.domain.run import Mount, Owner, ReadOnly, RunRequest

WORKSPACE = "/erc"
"""Where a run finds its workspace; also its working directory."""

_OPEN_FILES = 16_384
_TEMPORARY_INODES = 100_000


def container_config(
    request: RunRequest,
    mount: Mount,
    limits: RunLimits,
    owner: Owner,
    labels: dict[str, str],
    *,
    runtime: str = "",
    init: bool = True,
) -> dict[str, Any]:
    """Return the engine's description of the hardened container of a run.

    `runtime` is an OCI runtime that the engine knows (`runc`, `runsc`), empty for its default one. The circumstances
    of the request change what the run notices, nothing of how it is shut in.
    """
    about = request.circumstances
    owner = about.owner or owner
    return {
        "Image": request.image_id,
        # As entry point, so that the image's own neither wraps nor replaces the command.
        "Entrypoint": list(request.command[:1]),
        "Cmd": list(request.command[1:]),
        "Env": list(about.environment),
        "WorkingDir": WORKSPACE,
        "User": str(owner),
        "Hostname": about.hostname,
        "Labels": labels,
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {
            "Mounts": [_mount(mount, labels), *(_lent(one) for one in about.lent)],
            "Tmpfs": {"/tmp": _temporary(limits, owner)},  # noqa: S108 - inside the container
            **_confinement(),
            **_allowances(limits),
            **({"CpusetCpus": about.processors} if about.processors else {}),
            "Init": init,
            **({"Runtime": runtime} if runtime else {}),
        },
    }


def name_of(job_id: str) -> str:
    """Return the name of the container of a job, and of its volume."""
    return f"erc-job-{job_id}"


def _mount(mount: Mount, labels: dict[str, str]) -> dict[str, Any]:
    described = {"Type": "bind", "Source": mount.source, "Target": WORKSPACE}
    if not mount.overlay:
        return described
    options = {"type": "overlay", "device": "overlay", "o": mount.overlay}
    volume = {"NoCopy": True, "Labels": labels, "DriverConfig": {"Name": "local", "Options": options}}
    return described | {"Type": "volume", "VolumeOptions": volume}


def _lent(one: ReadOnly) -> dict[str, Any]:
    return {"Type": "bind", "Source": one.source, "Target": one.target, "ReadOnly": True}


def _temporary(limits: RunLimits, owner: Owner) -> str:
    # Executable: R and Python compile code into their temporary folder and load it from there.
    size = min(2 * GIB, limits.memory_bytes // 2)
    return f"rw,exec,nosuid,nodev,mode=1777,size={size},nr_inodes={_TEMPORARY_INODES},uid={owner.uid},gid={owner.gid}"


def _confinement() -> dict[str, Any]:
    return {
        "NetworkMode": "none",
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "ReadonlyRootfs": True,
        "IpcMode": "private",
        "Privileged": False,
        "RestartPolicy": {"Name": "no"},
    }


def _allowances(limits: RunLimits) -> dict[str, Any]:
    # A quota of processor time instead of NanoCpus, which the engine refuses when the machine has fewer processors.
    # The log may grow to twice what is kept, in two files, so that a reader within the cap never meets a cut.
    return {
        "PidsLimit": limits.processes,
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "OomScoreAdj": 500,
        "CpuPeriod": 100_000,
        "CpuQuota": int(limits.cpus * 100_000),
        "ShmSize": min(256 * MIB, limits.memory_bytes // 4),
        "Ulimits": [
            _ulimit("nofile", _OPEN_FILES),
            _ulimit("core", 0),
            _ulimit("fsize", limits.disk_bytes),
        ],
        "LogConfig": {
            "Type": "local",
            "Config": {"max-size": f"{limits.log_bytes + 64 * KIB}", "max-file": "2", "compress": "false"},
        },
    }


def _ulimit(name: str, value: int) -> dict[str, Any]:
    return {"Name": name, "Soft": value, "Hard": value}
