"""The service about itself."""

from __future__ import annotations

from erc.gateway.documents.document import Document, NamedProblem


class Versions(Document):
    """The versions of the web API."""

    current: str
    v1: str


class Service(Document):
    """Where the web API is."""

    about: str
    versions: Versions
    quote: str


class OperatingSystem(Document):
    """An operating system."""

    name: str
    version: str


class ContainerRuntime(Document):
    """What runs containers."""

    name: str
    api_version: str | None = None
    version: str | None = None


class ManifestSettings(Document):
    """How runtime manifests are made."""

    capture_image: str | None = None
    base_image: str | None = None
    memory: int | None = None
    """Bytes that a build may use."""


class ExecutionSettings(Document):
    """How analyses are run."""

    memory: int | None = None
    """Bytes that a run may use."""
    disk: int | None = None
    """Bytes that a run may write."""
    wall_clock_seconds: int | None = None
    processes: int | None = None
    cpus: float | None = None


class ErcSettings(Document):
    """What an ERC meets here."""

    manifest: ManifestSettings
    execution: ExecutionSettings


class EnvironmentDocument(Document):
    """Where analyses are run. What the service does not know is left out."""

    architecture: list[str]
    os: list[OperatingSystem]
    container_runtimes: list[ContainerRuntime]
    erc: ErcSettings


class StatusDocument(Document):
    """How the service is, for administrators."""

    name: str
    version: str
    levels: dict[str, int]
    """The least level of a user for what can be done."""
    slots: dict[str, int]
    """How much the workers can do at once."""
    problems: list[NamedProblem]
    """What keeps the service from its work."""


class SignInLink(Document):
    """A link that signs in once."""

    url: str


class Health(Document):
    """That the process or the service is well."""

    status: str
