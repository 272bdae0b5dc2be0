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
    "tex": "text/x-tex",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "toml": "application/toml",
    "tsv": "text/tab-separated-values",
    "txt": "text/plain",
    "webp": "image/webp",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "xz": "application/x-xz",
    "yaml": "text/yaml",
    "yml": "text/yaml",
    "zip": "application/zip",
}

NAMED = {
    "dockerfile": "text/x-dockerfile",
    "license": "text/plain",
    "makefile": "text/x-makefile",
    "readme": "text/plain",
}


def media_type(path: str) -> str:
    """Return the media type that a path's extension says, upper or lower case, else `application/octet-stream`."""
    name = path.rpartition("/")[2].lower()
    _, dot, extension = name.rpartition(".")
    return MEDIA_TYPES.get(extension, OCTETS) if dot else NAMED.get(name, OCTETS)
