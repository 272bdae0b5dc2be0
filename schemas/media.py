"""Media types by file extension, as the o2r web API and its user interface know them."""

from __future__ import annotations

OCTETS = "application/octet-stream"

MEDIA_TYPES = {
    "avif": "image/avif",
    "bib": "text/x-bibtex",
    "bmp": "image/bmp",
    "bz2": "application/x-bzip2",
    "c": "text/x-c",
    "cff": "text/yaml",
    "cpp": "text/x-c++",
    "css": "text/css",
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eps": "application/postscript",
    "geojson": "application/geo+json",
    "gif": "image/gif",
    "gpkg": "application/geopackage+sqlite3",
    "gz": "application/gzip",
    "h5": "application/x-hdf5",
    "htm": "text/html",
    "html": "text/html",
    "ipynb": "application/x-ipynb+json",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "jsonld": "application/ld+json",
    "log": "text/plain",
    "md": "text/markdown",
    "mht": "multipart/related",
    "mhtml": "multipart/related",
    "mjs": "text/javascript",
    "nc": "application/x-netcdf",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf",
    "png": "image/png",
    "ps": "application/postscript",
    "py": "text/x-python",
    "qmd": "text/x-quarto-markdown",
    "r": "script/x-R",
    "rda": "application/x-r-data",
    "rdata": "application/x-r-data",
    "rds": "application/x-r-data",
    "rmd": "text/x-r-markdown",
    "rnw": "text/x-sweave",
    "rst": "text/x-rst",
    "sh": "text/x-sh",
    "sql": "text/x-sql",
    "svg": "image/svg+xml",
    "tar": "application/x-tar",
    "tex": "application/x-tex",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "toml": "application/toml",
    "tsv": "text/tab-separated-values",
    "txt": "text/plain",
    "webp": "image/webp",
    "xht": "application/xhtml+xml",
    "xhtml": "application/xhtml+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "xsl": "application/xml",
    "xz": "application/x-xz",
    "yaml": "text/yaml",
    "yml": "text/yaml",
    "zip": "application/zip",
}

ACTIVE = {
    "text/html",
    "text/css",
    "text/javascript",
    "image/svg+xml",
    "application/pdf",
    "application/xhtml+xml",
    "application/xml",
    "multipart/related",
}
"""Types that may do something in a browser, or to a page that takes them in: the content origin alone serves them."""

PLAIN = "text/plain"


def media_type(path: str) -> str:
    """Return the media type that a path's extension says, upper or lower case.

    A name without an extension (`Dockerfile`, `README`) is plain text; an unknown extension says nothing:
    `application/octet-stream`.
    """
    name = path.rpartition("/")[2].lower()
    _, dot, extension = name.rpartition(".")
    return MEDIA_TYPES.get(extension, OCTETS) if dot else PLAIN


def listed_type(path: str) -> str:
    """Return the media type as lists of files name it: what an unknown extension says is plain text there."""
    kind = media_type(path)
    return PLAIN if kind == OCTETS else kind
