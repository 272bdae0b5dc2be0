"""Which package of the distribution or of PyPI provides what the code asks for."""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

from erc.events.errors import Rejected
from erc.schemas.environment import PlannedPackage
from erc.schemas.metadata import Dependency
from erc.workers.builder.domain.r_archive import archive_name

APT_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9+.]")
"""A name of a Debian package; with `-` at its end the installer would remove it."""

_R_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.]*[A-Za-z0-9]")
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"
_VERSION = r"(?:===|~=|==|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]{1,64}"
_SPECIFIER = rf"(?:{_VERSION}(?:\s*,\s*{_VERSION}){{0,9}})"
_MARKER = r"[A-Za-z0-9_.\s'\"<>=!~()-]{1,300}"
_REQUIREMENT = re.compile(
    rf"(?P<name>{_NAME})\s*(?P<extras>\[\s*{_NAME}(?:\s*,\s*{_NAME}){{0,19}}\s*\])?"
    rf"\s*(?:\((?P<bracketed>{_SPECIFIER})\)|(?P<specifier>{_SPECIFIER}))?\s*(?:;(?P<marker>{_MARKER}))?",
    re.ASCII,
)
MAX_REQUIREMENT = 1000
"""Characters of one requirement without its hashes."""
_HASH = "sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}"
_HASHES = re.compile(rf"(?: --hash=(?:{_HASH})){{1,500}}", re.ASCII)

_R_CORE_NAMES = """
base compiler datasets graphics grDevices grid methods parallel splines stats stats4 tcltk tools utils R
"""
R_CORE = frozenset(_R_CORE_NAMES.split())
"""Packages that every R installation has."""

_BIOCONDUCTOR_NAMES = """
affy annotate AnnotationDbi AnnotationHub beachmat Biobase BiocFileCache BiocGenerics BiocParallel BiocSingular
BiocStyle BiocVersion biomaRt Biostrings BSgenome bsseq ComplexHeatmap dada2 DelayedArray DESeq2 DEXSeq DNAcopy
DSS EDASeq edgeR ensembldb ExperimentHub genefilter GenomeInfoDb GenomicAlignments GenomicFeatures GenomicRanges
GEOquery GO.db goseq graph GSEABase GSVA Gviz HDF5Array impute IRanges limma metagenomeSeq multtest oligo
pcaMethods phyloseq preprocesscore qvalue RBGL rhdf5 Rsamtools Rsubread rtracklayer S4Vectors scater scran
scuttle ShortRead SingleCellExperiment snpStats SummarizedExperiment sva TFBSTools tximeta tximport
VariantAnnotation XVector zlibbioc
"""
BIOCONDUCTOR = frozenset(_BIOCONDUCTOR_NAMES.split())
"""Names that live in Bioconductor and not on CRAN, as far as the distribution packages them and people use them."""

PYPI_NAMES = {
    "attr": "attrs",
    "bio": "biopython",
    "bs4": "beautifulsoup4",
    "cairo": "pycairo",
    "crypto": "pycryptodome",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "google.protobuf": "protobuf",
    "igraph": "igraph",
    "jwt": "pyjwt",
    "kneed": "kneed",
    "levenshtein": "levenshtein",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "osgeo": "gdal",
    "pil": "pillow",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "pylab": "matplotlib",
    "rtree": "rtree",
    "serial": "pyserial",
    "shapefile": "pyshp",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skbio": "scikit-bio",
    "umap": "umap-learn",
    "usb": "pyusb",
    "wx": "wxpython",
    "xlsxwriter": "xlsxwriter",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""Import names, in lower case, whose package on PyPI is called otherwise."""


_SAME = (
    {"opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"},
    {"psycopg2", "psycopg2-binary"},
    {"pycryptodome", "pycrypto"},
    {"igraph", "python-igraph"},
    {"tensorflow", "tensorflow-cpu", "tensorflow-gpu"},
)


def same_as(name: str) -> set[str]:
    """Return the packages of PyPI that bring the same module as this one, itself among them."""
    return next((names for names in _SAME if name in names), {name})


class Requirement(NamedTuple):
    """One line of pip requirements in its safe form."""

    name: str
    """Normalised as PyPI does it: lower case, `-` between words."""
    version: str
    """Specifier without spaces, empty when any version will do."""
    line: str
    """What is handed to pip."""


def r_package(dependency: Dependency, suite: str = "") -> PlannedPackage | None:
    """Return the Debian package of an R package, None when R itself has it; raises `Rejected` for a bad name.

    Its name is the one that the suite has, when that is known.
    """
    if dependency.name in R_CORE:
        return None
    if not _R_NAME.fullmatch(dependency.name):
        raise Rejected(
            "The name of an R package is not valid",
            f"{dependency.name!r}, asked for in {dependency.source or 'the workspace'}, cannot be a package.",
            code="package_name_invalid",
        )
    origin = "bioc" if dependency.name in BIOCONDUCTOR else "cran"
    return PlannedPackage(
        name=archive_name(dependency.name, suite) or f"r-{origin}-{dependency.name.lower()}",
        system="apt",
        version=dependency.version,
        reason=f"library({dependency.name}) in {dependency.source}"
        if dependency.source
        else f"library({dependency.name})",
    )


def python_requirement(dependency: Dependency) -> Requirement | None:
    """Return what pip installs for an import or a declared package, None when Python itself has it.

    Raises `Rejected` when name or version are not valid.
    """
    if dependency.name in sys.stdlib_module_names:
        return None
    name = PYPI_NAMES.get(dependency.name.lower(), dependency.name)
    requirement = parse_requirement(f"{name}{dependency.version}")
    if requirement is None:
        raise Rejected(
            "The name or version of a Python package is not valid",
            f"{dependency.name!r} {dependency.version!r}, asked for in {dependency.source or 'the workspace'}, "
            "cannot be a package. Write it in requirements.txt as name==version.",
            code="package_name_invalid",
        )
    return requirement


def parse_requirement(text: str) -> Requirement | None:
    """Return the safe form of one requirement (name, extras, version, marker, hashes), None for anything else."""
    bare, hashed, options = text.strip().partition(" --hash=")
    if hashed and not _HASHES.fullmatch(f"{hashed}{options}"):
        return None
    # Single blanks only: many in a row would make the pattern slow.
    bare = " ".join(bare.split())
    match = _REQUIREMENT.fullmatch(bare) if len(bare) <= MAX_REQUIREMENT else None
    if match is None:
        return None
    version = re.sub(r"\s+", "", match["bracketed"] or match["specifier"] or "")
    extras = re.sub(r"\s+", "", match["extras"] or "")
    marker = " ".join((match["marker"] or "").split())
    line = f"{match['name']}{extras}{version}" + (f" ; {marker}" if marker else "") + hashed + options
    return Requirement(normalised(match["name"]), version, line)


def is_r_name(text: str) -> bool:
    """Return whether a text can be the name of an R package."""
    return len(text) <= 100 and _R_NAME.fullmatch(text) is not None


def is_hash(text: str) -> bool:
    """Return whether a text is a digest that pip takes for a file's: `sha256:…`."""
    return re.fullmatch(_HASH, text) is not None


def normalised(name: str) -> str:
    """Return the name under which PyPI keeps a package."""
    return re.sub(r"[-_.]+", "-", name).lower()
