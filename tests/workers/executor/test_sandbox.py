"""Running hostile and honest scripts in a real engine."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiodocker
import pytest

from erc.events.blobs import FileBlobStore
from erc.events.errors import Rejected, Unavailable
from erc.schemas.limits import MIB, RunLimits
from erc.workers.containers import Containers
from erc.workers.executor.domain import (
    DiskFull,
    Failed,
    Intention,
    Mechanism,
    OutOfMemory,
    Owner,
    Stopped,
    Succeeded,
    TimedOut,
)
from erc.workers.executor.outputs import CollectLimits, JobFolders
from erc.workers.executor.sandbox import Sandbox
from erc.workers.trees import Trees

pytestmark = pytest.mark.engine

LIMITS = RunLimits(memory_bytes=128 * MIB, disk_bytes=64 * MIB, processes=64, cpus=1.0, log_bytes=1 * MIB)


def limited(**changes: object) -> RunLimits:
    return LIMITS.model_copy(update=changes)


async def test_what_a_run_makes_changes_and_deletes_is_collected(job: Callable, mechanism: Mechanism) -> None:
    files = {"data/a.csv": b"1", "keep.txt": b"keep", "old/x": b"x", "run.sh*": b"#!/bin/sh\necho made > plot.svg\n"}
    script = "./run.sh && echo 2 >> data/a.csv && rm -r old && mkdir new && echo t > new/b.txt && pwd && echo err >&2"
    run = job(script, files, mechanism=mechanism)

    outcome = await run()
    collected = run.collect()

    assert outcome == Succeeded()
    assert {e.path: run.blobs.read(e.digest) for e in collected.made.entries()} == {
        "plot.svg": b"made\n",
        "data/a.csv": b"12\n",
        "new/b.txt": b"t\n",
    }
    assert collected.made.get("plot.svg").media_type == "image/svg+xml"
    assert (collected.deleted, collected.notes) == (["old/x"], [])
    assert sorted(run.log.split()) == [b"/erc", b"err"]
    assert run.told == ["started"]


async def test_a_run_cannot_change_the_original(job: Callable, mechanism: Mechanism, blobs: FileBlobStore) -> None:
    run = job("echo tampered > paper.txt; chmod 777 paper.txt", {"paper.txt": b"published"}, mechanism=mechanism)

    assert await run() == Succeeded()

    kept = run.original.get("paper.txt")
    assert blobs.read(kept.digest) == b"published"
    assert blobs.path(kept.digest).stat().st_mode & 0o777 == 0o644
    assert (Path(run.request.tree) / "paper.txt").read_bytes() == b"published"


async def test_a_folder_that_was_replaced_hides_what_was_in_it(job: Callable, mechanism: Mechanism) -> None:
    run = job("rm -r a && mkdir a && echo 1 > a/new", {"a/old": b"1", "a/b/c": b"2"}, mechanism=mechanism)

    await run()

    collected = run.collect()
    assert [e.path for e in collected.made.entries()] == ["a/new"]
    assert collected.deleted == ["a/b/c", "a/old"]


async def test_a_moved_folder_counts_as_made(job: Callable, mechanism: Mechanism) -> None:
    run = job("mv a b", {"a/x": b"1"}, mechanism=mechanism)

    assert await run() == Succeeded()

    collected = run.collect()
    assert ([e.path for e in collected.made.entries()], collected.deleted) == (["b/x"], ["a/x"])


async def test_the_container_is_confined(job: Callable, owner: Owner) -> None:
    run = job(
        "cat /proc/self/status; id -u; ls /sys/class/net; touch /x 2>&1; ls /var/run/docker.sock 2>&1;"
        " ulimit -n; ulimit -c; echo $HOME $TZ $LC_ALL; mount | grep -c ' on / type overlay (ro'; touch /tmp/t && echo tmp"
    )

    assert await run() == Succeeded()

    said = run.log.decode()
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert f"{name}:\t0000000000000000" in said
    assert "NoNewPrivs:\t1" in said
    assert "Seccomp:\t2" in said
    assert "touch: /x: Read-only file system" in said
    assert "docker.sock: No such file" in said
    assert f"\n{owner.uid}\nlo\n" in said
    assert said.endswith("16384\n0\n/tmp UTC C.UTF-8\n1\ntmp\n")


async def test_the_exit_code_is_told(job: Callable) -> None:
    run = job("echo 'object not found'; exit 3")

    outcome = await run()

    assert outcome == Failed(3)
    sentence = outcome.problem(run.log.decode()).sentence()
    assert sentence == "The script ended with exit code 3. Its last lines: object not found"


async def test_a_program_that_is_not_there_is_the_authors_matter(job: Callable) -> None:
    run = job("", command=("nosuchprogram",))

    outcome = await run()

    assert isinstance(outcome, Failed)
    assert outcome.exit_code == 127
    assert "a program was not found" in outcome.problem().title


async def test_a_missing_image_is_rejected_and_leaves_nothing(job: Callable, folders: JobFolders) -> None:
    run = job("true")
    run.request = dataclasses.replace(run.request, image_id="sha256:" + "0" * 64)

    with pytest.raises(Rejected, match="no longer there"):
        await run()

    assert folders.jobs() == {}


async def test_an_endless_loop_is_stopped_in_time(job: Callable) -> None:
    run = job("trap '' TERM INT; while :; do :; done", limits=limited(wall_clock=timedelta(seconds=1)))

    begun = time.monotonic()
    outcome = await run()

    assert isinstance(outcome, TimedOut)
    assert time.monotonic() - begun < 5
    assert run.told == ["started", Intention.TIME_OUT]
    assert "after 1 second" in outcome.problem().title


async def test_cancelling_kills_at_once(job: Callable) -> None:
    run = job("echo here; sleep 100")
    running = asyncio.create_task(run())
    await asyncio.wait_for(run.spoken.wait(), 10)

    begun = time.monotonic()
    run.cancel.set()

    assert isinstance(await running, Stopped)
    assert time.monotonic() - begun < 3
    assert run.told == ["started", Intention.CANCEL]


async def test_a_memory_hog_is_told_so_even_when_the_script_goes_on(job: Callable) -> None:
    run = job("tail /dev/zero; echo went on; exit 0")

    outcome = await run()

    assert outcome == OutOfMemory(0, LIMITS.memory_bytes)
    assert "128 MiB" in outcome.problem().sentence()


async def test_a_memory_hog_as_the_first_process_is_told_so(job: Callable) -> None:
    run = job("", command=("tail", "/dev/zero"))

    outcome = await run()

    # Where the container's end takes its memory group away before the engine has read it, the engine never hears of
    # it: seen once in many hundred runs on a busy machine.
    assert isinstance(outcome, OutOfMemory) or outcome == Failed(137)
    assert "memory" in outcome.problem().sentence()


async def test_a_fork_bomb_is_contained(job: Callable) -> None:
    # On a busy machine the bomb takes more than a second to come to its limit.
    wait = "for _ in 1 2 3 4; do sleep 1; done"
    run = job(f"f() {{ f | f & }}; f; {wait}; echo over", limits=limited(wall_clock=timedelta(seconds=8)))

    begun = time.monotonic()
    await run()

    assert time.monotonic() - begun < 20
    assert b"fork" in run.log


async def test_filling_the_disk_ends_the_run(job: Callable, mechanism: Mechanism) -> None:
    script = "i=0; while :; do i=$((i+1)); dd if=/dev/zero of=f$i bs=1M count=8 2>/dev/null; sleep 0.1; done"
    run = job(script, limits=limited(wall_clock=timedelta(seconds=60)), mechanism=mechanism)

    outcome = await run()

    assert isinstance(outcome, DiskFull)
    assert run.told[-1] == Intention.DISK_FULL
    assert "64 MiB" in outcome.problem().sentence()


async def test_one_file_cannot_grow_beyond_the_limit(job: Callable) -> None:
    run = job("dd if=/dev/zero of=big bs=1M count=100; ls -l big")

    await run()

    assert run.collect().made.get("big").size_bytes <= LIMITS.disk_bytes


async def test_disk_use_hidden_in_an_unreadable_folder_is_found(job: Callable) -> None:
    script = (
        "mkdir h; i=0; while :; do i=$((i+1)); dd if=/dev/zero of=h/f$i bs=1M count=8; chmod 300 h; sleep 0.1; done"
    )
    run = job(script, limits=limited(wall_clock=timedelta(seconds=60)))

    assert isinstance(await run(), DiskFull)


async def test_a_flood_of_output_is_cut_and_said(job: Callable) -> None:
    run = job("yes 'all work and no play' | head -c 20000000; exit 4")

    assert await run() == Failed(4)

    assert LIMITS.log_bytes < len(run.log) < LIMITS.log_bytes + 200
    assert b"The log is cut here" in run.log[-200:]


async def test_a_log_within_the_limit_is_whole_and_raw(job: Callable) -> None:
    run = job("printf 'a\\033[31mred\\000\\377'; seq 1 20000")

    await run()

    assert bytes(run.log) == b"a\x1b[31mred\x00\xff" + b"".join(b"%d\n" % n for n in range(1, 20001))


async def test_only_regular_files_are_collected(job: Callable, mechanism: Mechanism) -> None:
    script = (
        "ln -s /etc/passwd link; ln -s / root; mkfifo pipe; mkdir d; ln -s .. d/up; echo x > real; ln real hard;"
        " echo s > secret; chmod 000 secret; mkdir closed; echo y > closed/in; chmod 000 closed;"
        " touch \"$(printf 'new\\nline')\""
    )
    run = job(script, mechanism=mechanism)

    await run()

    collected = run.collect()
    assert [e.path for e in collected.made.entries()] == ["closed/in", "hard", "real", "secret"]
    assert len(collected.notes) == 5
    assert "'link' is a link, only regular files are kept." in collected.notes
    assert "'pipe' is a pipe, only regular files are kept." in collected.notes


async def test_too_many_and_too_large_outputs_are_left_out_with_a_note(job: Callable) -> None:
    run = job("for i in $(seq 10 99); do echo $i > f$i; done; dd if=/dev/zero of=big bs=1000 count=9")
    limits = CollectLimits(files=40, size_bytes=5000)

    await run()

    collected = run.collect(limits)
    assert len(collected.made) == 40
    assert collected.notes[0] == "'big' is too large, 5000 bytes are kept in all."
    assert len(collected.notes) == 51
    assert collected.notes[-1].endswith("more were not kept.")


async def test_what_lies_very_deep_is_noted(job: Callable) -> None:
    run = job("mkdir -p $(yes d | head -n 150 | tr '\\n' '/'); echo 1 > shallow")

    assert await run() == Succeeded()

    collected = run.collect()
    assert [e.path for e in collected.made.entries()] == ["shallow"]
    assert len(collected.notes) == 1
    assert "too deep" in collected.notes[0]


async def test_folders_too_deep_to_be_counted_end_the_run_and_are_removed(job: Callable, folders: JobFolders) -> None:
    run = job("mkdir -p $(yes d | head -n 1500 | tr '\\n' '/'); sleep 100")

    assert isinstance(await run(), DiskFull)

    await run.sandbox.clean(run.request.job_id)
    assert folders.jobs() == {}


async def test_a_successor_takes_over_the_running_container_with_its_whole_log(
    job: Callable, engine: aiodocker.Docker
) -> None:
    run = job("echo first; sleep 2; echo second; hostname")
    crashed = asyncio.create_task(run())
    await asyncio.wait_for(run.spoken.wait(), 10)
    container = await engine.containers.get(f"erc-job-{run.request.job_id}")
    crashed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await crashed
    run.log.clear()

    assert await run() == Succeeded()

    assert run.log == b"first\nsecond\nerc\n"
    assert (await engine.containers.get(f"erc-job-{run.request.job_id}")).id == container.id


async def test_a_run_that_ended_meanwhile_is_read_not_repeated(job: Callable) -> None:
    run = job("echo once >> count; cat count")
    await run()
    run.log.clear()

    assert await run() == Succeeded()

    assert run.log == b"once\n"


async def test_the_time_of_a_run_that_is_taken_over_counts_from_its_start(job: Callable) -> None:
    run = job("echo here; sleep 100", limits=limited(wall_clock=timedelta(seconds=3)))
    crashed = asyncio.create_task(run())
    await asyncio.wait_for(run.spoken.wait(), 10)
    await asyncio.sleep(1.5)
    crashed.cancel()

    begun = time.monotonic()
    assert isinstance(await run(), TimedOut)

    assert time.monotonic() - begun < 2.5


async def test_a_run_that_ended_in_time_is_not_called_late_when_it_is_read_late(job: Callable) -> None:
    run = job("echo done", limits=limited(wall_clock=timedelta(seconds=1)))
    await run()
    await asyncio.sleep(1.2)

    assert await run() == Succeeded()
    assert run.told == ["started", "started"]


async def test_a_kill_that_was_intended_is_known_to_the_successor(job: Callable, engine: aiodocker.Docker) -> None:
    run = job("echo here; sleep 100")
    crashed = asyncio.create_task(run())
    await asyncio.wait_for(run.spoken.wait(), 10)
    crashed.cancel()
    await engine.containers.container(f"erc-job-{run.request.job_id}").kill()
    run.request = dataclasses.replace(run.request, intention=Intention.TIME_OUT)

    assert isinstance(await run(), TimedOut)


async def test_a_kill_that_was_intended_but_not_done_is_done_by_the_successor(job: Callable) -> None:
    run = job("echo here; sleep 100")
    crashed = asyncio.create_task(run())
    await asyncio.wait_for(run.spoken.wait(), 10)
    crashed.cancel()
    run.request = dataclasses.replace(run.request, intention=Intention.DISK_FULL)

    assert isinstance(await asyncio.wait_for(run(), 10), DiskFull)


async def test_a_kill_from_outside_is_tried_again_from_the_beginning(
    job: Callable, engine: aiodocker.Docker, folders: JobFolders
) -> None:
    run = job("test -e mark && exit 9; touch mark; echo here; sleep 100")
    running = asyncio.create_task(run())
    await asyncio.wait_for(run.spoken.wait(), 10)

    await engine.containers.container(f"erc-job-{run.request.job_id}").kill()

    with pytest.raises(Unavailable, match="from outside"):
        await running
    assert folders.jobs() == {}


@pytest.mark.parametrize("script", ["exit 137", "kill -9 $$", "kill -15 $$", "exit 255"])
async def test_a_script_that_kills_itself_failed_by_itself(job: Callable, script: str) -> None:
    run = job(f"echo here; {script}")

    outcome = await run()

    assert outcome == Failed(int(script[5:]) if script.startswith("exit") else 128 + int(script[6:-3]))
    assert run.log == b"here\n"


async def test_a_word_of_the_end_that_comes_late_is_waited_for(job: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    actions, asked = Containers.actions, []

    async def late(self: Containers, *about: object) -> set[str]:
        asked.append(await actions(self, *about))
        return asked[-1] if len(asked) > 1 else set()

    monkeypatch.setattr(Containers, "actions", late)

    assert await job("kill -15 $$")() == Failed(143)
    assert len(asked) == 2


async def test_a_script_that_killed_itself_is_known_to_the_successor(job: Callable) -> None:
    run = job("echo once >> count; cat count; exit 137")
    assert await run() == Failed(137)
    run.log.clear()

    assert await run() == Failed(137)

    assert run.log == b"once\n"


async def test_a_run_that_the_engine_ends_is_tried_again_even_when_it_ends_well(
    job: Callable, engine: aiodocker.Docker, folders: JobFolders
) -> None:
    run = job("trap 'exit 0' TERM; echo here; while :; do sleep 0.1; done")
    running = asyncio.create_task(run())
    await asyncio.wait_for(run.spoken.wait(), 10)

    await engine.containers.container(f"erc-job-{run.request.job_id}").stop()

    with pytest.raises(Unavailable, match="from outside"):
        await running
    assert folders.jobs() == {}


async def test_a_container_that_was_created_only_is_started(job: Callable, engine: aiodocker.Docker) -> None:
    run = job("echo ran")
    await run.sandbox._create(run.request, run.sandbox._abilities)

    assert await run() == Succeeded()

    assert run.log == b"ran\n"


async def test_cleaning_leaves_nothing_and_may_be_repeated(
    job: Callable, engine: aiodocker.Docker, folders: JobFolders, mechanism: Mechanism
) -> None:
    run = job("mkdir a && touch a/b && chmod 000 a; echo here; sleep 100", mechanism=mechanism)
    running = asyncio.create_task(run())
    await asyncio.wait_for(run.spoken.wait(), 10)
    running.cancel()

    await run.sandbox.clean(run.request.job_id)
    await run.sandbox.clean(run.request.job_id)

    name = f"erc-job-{run.request.job_id}"
    assert folders.jobs() == {}
    assert name not in [c["Names"][0].strip("/") for c in await engine.containers.list(all=True)]
    assert name not in [v["Name"] for v in (await engine.volumes.list())["Volumes"] or []]


async def test_sweeping_removes_dead_jobs_and_spares_live_ones(job: Callable, folders: JobFolders) -> None:
    dead, live = job("true"), job("true")
    await dead()
    await live()

    assert await live.sandbox.sweep(set()) == 0, "what has just begun is spared"
    removed = await live.sandbox.sweep({live.request.job_id}, timedelta(0))

    assert removed == 1
    assert set(folders.jobs()) == {live.request.job_id}
    assert await live() == Succeeded()


async def test_probing_finds_a_mechanism_and_leaves_nothing(
    engine: aiodocker.Docker, folders: JobFolders, owner: Owner, image: str
) -> None:
    sandbox = Sandbox(engine, folders, LIMITS, owner, lambda: datetime.now(UTC))

    abilities = await sandbox.probe(image)

    assert abilities.mechanism in Mechanism
    assert folders.jobs() == {}
    assert await sandbox.probe(image) is abilities


async def test_an_unknown_runtime_is_said(
    engine: aiodocker.Docker, folders: JobFolders, owner: Owner, image: str
) -> None:
    sandbox = Sandbox(engine, folders, LIMITS, owner, lambda: datetime.now(UTC), runtime="nosuch")

    with pytest.raises(Unavailable, match="nosuch"):
        await sandbox.probe(image)


async def test_without_an_engine_a_run_is_for_later(
    job: Callable, folders: JobFolders, trees: Trees, owner: Owner
) -> None:
    run = job("true")
    async with aiodocker.Docker("unix:///nowhere.sock", api_version="v1.41") as nowhere:
        run.sandbox, there = Sandbox(nowhere, folders, LIMITS, owner, lambda: datetime.now(UTC)), run.sandbox
        with pytest.raises(Unavailable):
            await run()
        run.sandbox = there
