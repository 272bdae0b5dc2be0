"""`make setup`: says what it will install, asks once in a terminal, installs, and does nothing where all is there."""

from __future__ import annotations

import argparse
import os
import sys

from . import engine, extra, machine, python_packages, undo
from .machine import Missing, say
from .plan import Need, has_browser, needs


def main() -> None:
    """Set up, or do what the command line says instead."""
    parser = argparse.ArgumentParser(prog="make setup", description=__doc__)
    verbs = {
        "setup": set_up,
        "extra": extra.provide,
        "s3": extra.provide_s3,
        "registry": extra.provide_registry,
        "engine-stop": undo.stop_engine,
        "clean-all": undo.clean_all,
    }
    parser.add_argument("verb", nargs="?", choices=verbs, default="setup")
    try:
        verbs[parser.parse_args().verb]()
    except Missing as missing:
        sys.exit(str(missing))
    except KeyboardInterrupt:
        sys.exit(130)


def set_up() -> None:
    """Provide everything that `make run` and `make test` need. Raises Missing with what to do by hand."""
    missing = needs()
    if missing:
        _announce(missing)
        _provide(missing)
        say("Everything is set up.")
        if machine.distribution() == "ubuntu" and not has_browser():
            say("Ubuntu has Chromium as a snap only: without one, the tests of the pages are skipped.")
    if not engine.answering():
        raise Missing(_no_engine())


def _announce(missing: list[Need]) -> None:
    say("To be set up:")
    for need in missing:
        packages = f" [{' '.join(need.packages)}]" if need.packages else ""
        say(f"  - {need.what}{packages}")
    megabytes, seconds = sum(need.megabytes for need in missing), sum(need.seconds for need in missing)
    say(f"Together about {megabytes} MB of disk and {max(1, round(seconds / 60))} min, more on a slow network.")
    if any(need.packages for need in missing) and not machine.is_root():
        say("Debian packages are installed with sudo, which may ask for your password.")
    if os.environ.get("YES") == "1":
        return
    if not sys.stdin.isatty():
        say("There is no terminal to ask in, so this goes on.")
        return
    if input("Go on? [Y/n] ").strip().lower() not in {"", "y", "yes"}:
        raise Missing("Nothing was installed.")


def _provide(missing: list[Need]) -> None:
    packages = [package for need in missing if not need.optional for package in need.packages]
    optional = [package for need in missing if need.optional for package in need.packages]
    if packages and not machine.has_apt():
        say(f"This is neither Debian nor Ubuntu. Install by hand what corresponds to: {' '.join(packages)}")
    elif packages or optional:
        say("Installing Debian packages …")
        if packages:
            machine.install(packages)
        machine.refresh()
        if optional := [package for package in optional if machine.available(package)]:
            try:
                machine.install(optional)
            except Missing as reason:
                say(f"{reason}\nThe tests that need it will say so.")
    if not python_packages.up_to_date():
        say("Installing Python packages …")
        python_packages.provide()
    if not engine.answering():
        _provide_engine()


def _provide_engine() -> None:
    if os.environ.get("DOCKER_HOST"):
        raise Missing(
            f"No engine answers at DOCKER_HOST ({os.environ['DOCKER_HOST']}). Start it, or unset DOCKER_HOST."
        )
    if engine.closed_socket() and engine.runs_here():
        engine.open_socket()
        return
    if not machine.has_apt() and not engine.installed():
        raise Missing(_no_engine())
    say("Starting the Docker engine …")
    engine.start()


def _no_engine() -> str:
    return "There is no Docker engine. Install Docker Engine for your system and start it, or set DOCKER_HOST."


if __name__ == "__main__":
    main()
