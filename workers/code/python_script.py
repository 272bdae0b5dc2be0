"""Python code: the modules it imports and the files it names; parsed, never executed."""

from __future__ import annotations

import ast
import re
import sys
import warnings

from erc.schemas.limits import MIB
from erc.schemas.metadata import Dependency
from erc.workers.code.found import Found, may_be_path

MAX_BYTES = MIB
"""A syntax tree takes a hundred times its source; more is read line by line."""

_FORMER = frozenset(
    {
        *("asynchat", "asyncore", "binhex", "cgi", "cgitb", "crypt", "distutils", "formatter", "imp", "imghdr"),
        *("nntplib", "parser", "pipes", "smtpd", "sndhdr", "symbol", "telnetlib", "uu", "xdrlib", "audioop"),
        *("__builtin__", "ConfigParser", "Queue", "StringIO", "cPickle", "cStringIO", "commands", "cookielib"),
        *("HTMLParser", "httplib", "md5", "sets", "sha", "thread", "urllib2", "urlparse", "Tkinter"),
    }
)
STANDARD = frozenset(sys.stdlib_module_names) | _FORMER | {"builtins", "__main__", "__future__"}
"""Modules that some Python from 2.7 on brings with it; never a dependency."""

DISTRIBUTIONS = {
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "OpenSSL": "pyOpenSSL",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "igraph": "python-igraph",
    "mpl_toolkits": "matplotlib",
    "netCDF4": "netCDF4",
    "osgeo": "GDAL",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "pylab": "matplotlib",
    "serial": "pyserial",
    "skbio": "scikit-bio",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
    "usb": "pyusb",
    "wx": "wxPython",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
"""Packages whose name is not their module's."""

_CHAIN = re.compile(r"(?<![\w.])(?:\w{1,100}[\s\\]{0,10}\.[\s\\]{0,10}){300}")
"""A name of so many parts, on which the parser takes time by the square of their number."""
_IMPORT_LINE = re.compile(r"[ \t]{0,40}(?:import|from)[ \t]{1,40}([A-Za-z_]\w{0,100})")
_WRITERS = frozenset(
    {
        *("savefig", "imsave", "imwrite", "save", "savetxt", "savez", "write_html", "write_image", "write_json"),
        *("write_csv", "write_text", "write_bytes", "to_csv", "to_excel", "to_feather", "to_file", "to_html"),
        *("to_json", "to_latex", "to_markdown", "to_netcdf", "to_parquet", "to_pickle", "to_string"),
    }
)


def _imported(module: str, source: str) -> Dependency:
    return Dependency(name=module, language="python", source=source)


def read_python(code: str, path: str, first_line: int = 1, *, where: str = "") -> Found:
    """Return imports, texts, outputs and the docstring's title of Python code.

    The first line has the number `first_line` in its file; `where` replaces the line in the dependencies' source.
    Code that does not parse (such as Python 2) is read line by line, with a warning. Names that the standard library
    brings are no dependencies. The others have their module's name: which of them are local, and which package holds
    the rest (`DISTRIBUTIONS`), is for the caller, who sees the workspace.
    """
    tree = parse_python(code)
    if tree is None:
        return _read_lines(code, path, first_line, where)
    found = Found(header=_docstring(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            _take_import(node, found, where or f"{path}:{first_line + node.lineno - 1}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and may_be_path(node.value):
            found.literals.append(node.value)
        elif isinstance(node, ast.Call):
            found.outputs += _written(node)
    return found


def parse_python(code: str) -> ast.Module | None:
    """Return the syntax tree of Python code, None when it does not parse or would take long to."""
    if len(code) > MAX_BYTES or _CHAIN.search(code):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def _read_lines(code: str, path: str, first_line: int, where: str) -> Found:
    place = where or f"{path}:{first_line}"
    found = Found(warnings=[f"The Python code at “{place}” does not parse; its imports were read line by line"])
    for number, row in enumerate(code.split("\n"), first_line):
        if (match := _IMPORT_LINE.match(row)) and match[1] not in STANDARD:
            found.dependencies.append(_imported(match[1], where or f"{path}:{number}"))
            found.modules.append(match[1])
    return found


def _take_import(node: ast.Import | ast.ImportFrom, found: Found, source: str) -> None:
    if isinstance(node, ast.Import):
        names, up = [alias.name for alias in node.names], ""
    else:
        up = "../" * (node.level - 1) if node.level < 20 else "../" * 20
        names = [f"{node.module}.{alias.name}" if node.module else alias.name for alias in node.names]
    found.modules += [up + name.replace(".", "/") for name in names]
    if isinstance(node, ast.ImportFrom) and node.level:
        return
    tops = {name.partition(".")[0] for name in names} - STANDARD
    found.dependencies += [_imported(top, source) for top in sorted(tops)]


def _docstring(tree: ast.Module) -> dict[str, str]:
    """Return the docstring's first sentence as the title, and what follows as the description."""
    paragraph, _, rest = (ast.get_docstring(tree) or "").strip().partition("\n\n")
    title, _, more = " ".join(paragraph.split()).partition(". ")
    description = f"{more}\n\n{rest.strip()}".strip()
    return {key: text for key, text in (("title", title.rstrip(".")), ("description", description)) if text}


def _written(call: ast.Call) -> list[str]:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    texts = [node.value for node in call.args if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if name == "open":
        return texts[:1] if len(texts) > 1 and texts[1][:1] in {"w", "a", "x"} else []
    if name in {"write_text", "write_bytes"}:
        return _written_by_path(function)
    return texts[:1] if name in _WRITERS else []


def _written_by_path(function: ast.expr) -> list[str]:
    made = function.value if isinstance(function, ast.Attribute) else None
    arguments = made.args if isinstance(made, ast.Call) else []
    return [node.value for node in arguments if isinstance(node, ast.Constant) and isinstance(node.value, str)]
