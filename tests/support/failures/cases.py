"""Programs that fail, and what their logs must be explained as; `python -m support.failures.record` makes the logs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from erc.schemas.diagnosis import Cause

ENV = Cause.MISSING_PACKAGE


@dataclass(frozen=True)
class Case:
    """A workspace whose main file fails; `line` and `cell` are 0 where the log tells none."""

    main: str
    files: dict[str, str]
    cause: Cause
    subject: str = ""
    path: str = ""
    line: int = 0
    cell: int = 0
    mended: dict[str, str] = field(default_factory=dict)
    """What the proposed changes make of environment files."""


def _python(text: str, cause: Cause, subject: str = "", line: int = 1, **more: dict[str, str]) -> Case:
    """A script `main.py` that fails in this line of its own; 0 when Python names none."""
    return Case("main.py", {"main.py": text}, cause, subject, "main.py" if line else "", line, **more)


def _r(text: str, cause: Cause, subject: str = "", **more: dict[str, str]) -> Case:
    """A script `main.R`; R names no line."""
    return Case("main.R", {"main.R": text}, cause, subject, **more)


def _rmd(chunk: str, cause: Cause, subject: str = "", line: int = 8, **more: dict[str, str]) -> Case:
    """An R Markdown document whose one chunk begins in line 8."""
    text = f"---\ntitle: A paper\noutput: html_document\n---\nSome text.\n\n```{{r}}\n{chunk}\n```\n"
    return Case("paper.Rmd", {"paper.Rmd": text}, cause, subject, "paper.Rmd", line, **more)


def _notebook(cells: list[str], cause: Cause, subject: str, cell: int, line: int, **more: dict[str, str]) -> Case:
    code = [
        {"cell_type": "code", "execution_count": None, "id": f"c{number}", "metadata": {}, "outputs": [], "source": it}
        for number, it in enumerate(cells)
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    text = json.dumps({"cells": code, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})
    return Case("main.ipynb", {"main.ipynb": text}, cause, subject, "main.ipynb", line, cell, **more)


CASES = {
    # Python
    "py_package": _python(
        "import numpy\nimport seaborn\n", ENV, "seaborn", 2, mended={"requirements.txt": "seaborn\n"}
    ),
    "py_package_renamed": _python(
        "import sklearn.linear_model\n", ENV, "sklearn", mended={"requirements.txt": "scikit-learn\n"}
    ),
    "py_package_in_module": Case(
        "main.py",
        {"main.py": "import helpers\n", "helpers.py": "x = 1\nimport xarray\n"},
        ENV,
        "xarray",
        "helpers.py",
        2,
        mended={"requirements.txt": "xarray\n"},
    ),
    "py_package_declared_others": Case(
        "main.py",
        {"main.py": "import geopandas\n", "requirements.txt": "numpy==1.24.2\npandas"},
        ENV,
        "geopandas",
        "main.py",
        1,
        mended={"requirements.txt": "numpy==1.24.2\npandas\ngeopandas\n"},
    ),
    "py_optional_package": _python(
        "import pandas\npandas.DataFrame({'a': [1]}).to_parquet('a.parquet')\n", ENV, "fastparquet", 2
    ),
    "py_optional_excel": _python(
        "import pandas\npandas.DataFrame({'a': [1]}).to_excel('a.xlsx')\n",
        ENV,
        "openpyxl",
        2,
        mended={"requirements.txt": "openpyxl\n"},
    ),
    "py_two_print": _python("x = 1\nprint x\n", Cause.PYTHON_2, "print", 2),
    "py_two_module": _python("import urllib2\n", Cause.PYTHON_2, "urllib2"),
    "py_two_configparser": _python("import ConfigParser\n", Cause.PYTHON_2, "ConfigParser"),
    "py_two_xrange": _python("for i in xrange(3):\n    pass\n", Cause.PYTHON_2, "xrange"),
    "py_two_unicode": _python("name = unicode('a')\n", Cause.PYTHON_2, "unicode"),
    "py_two_iteritems": _python("d = {}\nfor k, v in d.iteritems():\n    pass\n", Cause.PYTHON_2, "iteritems", 2),
    "py_two_octal": _python("mode = 0755\n", Cause.PYTHON_2),
    "py_two_except": _python("try:\n    pass\nexcept ValueError, e:\n    pass\n", Cause.PYTHON_2, "", 3),
    "py_missing_file": _python("text = open('data/values.csv').read()\n", Cause.MISSING_FILE, "data/values.csv"),
    "py_missing_file_pandas": _python(
        "import pandas\npandas.read_csv('values.csv')\n", Cause.MISSING_FILE, "values.csv", 2
    ),
    "py_missing_file_numpy": _python(
        "import numpy\nnumpy.loadtxt('values.txt')\n", Cause.MISSING_FILE, "values.txt", 2
    ),
    "py_missing_file_numpy_load": _python("import numpy\nnumpy.load('a.npy')\n", Cause.MISSING_FILE, "a.npy", 2),
    "py_absolute_home": _python(
        "open('/home/ada/paper/values.csv')\n", Cause.ABSOLUTE_PATH, "/home/ada/paper/values.csv"
    ),
    "py_absolute_users": _python("open('/Users/ada/values.csv')\n", Cause.ABSOLUTE_PATH, "/Users/ada/values.csv"),
    "py_absolute_windows": _python(
        "import pandas\npandas.read_csv('C:/Users/ada/values.csv')\n", Cause.ABSOLUTE_PATH, "C:/Users/ada/values.csv", 2
    ),
    "py_network_requests": _python(
        "import requests\nrequests.get('https://data.example.org/values.csv')\n",
        Cause.NEEDS_NETWORK,
        "data.example.org",
        2,
    ),
    "py_network_urllib": _python(
        "from urllib.request import urlopen\nurlopen('https://data.example.org/values.csv')\n",
        Cause.NEEDS_NETWORK,
        "",
        2,
    ),
    "py_network_pandas": _python(
        "import pandas\npandas.read_csv('https://data.example.org/values.csv')\n", Cause.NEEDS_NETWORK, "", 2
    ),
    "py_network_socket": _python(
        "import socket\nsocket.create_connection(('data.example.org', 80))\n", Cause.NEEDS_NETWORK, "", 2
    ),
    "py_memory": _python("import numpy\nnumpy.ones((1 << 20, 1 << 20))\n", Cause.OUT_OF_MEMORY, "", 2),
    "py_memory_list": _python("x = bytearray(1 << 60)\n", Cause.OUT_OF_MEMORY),
    "py_removed_name": _python("from collections import Mapping\n", Cause.REMOVED_FUNCTION, "Mapping"),
    "py_removed_numpy": _python("import numpy\nx = numpy.int(3)\n", Cause.REMOVED_FUNCTION, "numpy", 2),
    "py_removed_clock": _python("import time\ntime.clock()\n", Cause.REMOVED_FUNCTION, "time", 2),
    "py_removed_scipy": _python("from scipy.misc import imread\n", Cause.REMOVED_FUNCTION, "imread"),
    "py_removed_method": _python(
        "import pandas\npandas.DataFrame({'a': [1]}).as_matrix()\n", Cause.REMOVED_FUNCTION, "DataFrame", 2
    ),
    "py_removed_argument": _python(
        "import pandas\nx = pandas.DataFrame({'a': [1]}).to_csv('b.csv', colour=1)\n", Cause.REMOVED_FUNCTION, "", 2
    ),
    "py_syntax": _python("def f(:\n    pass\n", Cause.LANGUAGE_VERSION),
    "py_syntax_later": _python("type Number = int\n", Cause.LANGUAGE_VERSION),
    "py_display_tk": _python("import tkinter\nroot = tkinter.Tk()\n", Cause.DISPLAY, "", 2),
    "py_encoding": Case(
        "main.py",
        {"main.py": "text = open('names.txt').read()\n", "names.txt": "caf\udce9\n"},
        Cause.ENCODING,
        "utf-8",
        "main.py",
        1,
    ),
    "py_locale": _python("import locale\nlocale.setlocale(locale.LC_ALL, 'de_DE')\n", Cause.ENCODING, "", 2),
    "py_key": _python("import os\nkey = os.environ['MAPS_API_KEY']\n", Cause.LICENCE_KEY, "MAPS_API_KEY", 2),
    "py_licence": _python(
        "raise RuntimeError('No solver license found. Contact your administrator.')\n", Cause.LICENCE_KEY, ""
    ),
    "py_permission": _python("open('/usr/share/result.txt', 'w')\n", Cause.PERMISSION),
    "py_library": _python(
        "import ctypes\nctypes.CDLL('libgdal.so.32')\n",
        Cause.SYSTEM_LIBRARY,
        "libgdal.so.32",
        2,
        mended={"apt.txt": "libgdal32\n"},
    ),
    "py_program": _python(
        "import subprocess\nsubprocess.run(['gnuplot', 'a.gp'])\n",
        Cause.MISSING_FILE,
        "gnuplot",
        2,
    ),
    "py_shell_program": _python(
        "import subprocess\nsubprocess.run('ffmpeg -i a.mp4', shell=True, check=True)\n",
        Cause.MISSING_PROGRAM,
        "ffmpeg",
        2,
        mended={"apt.txt": "ffmpeg\n"},
    ),
    "py_code": _python("x = 1\ny = x / 0\n", Cause.CODE, "", 2),
    "py_undefined": _python("x = 1\nprint(y)\n", Cause.CODE, "y", 2),
    "py_handled": _python(
        "try:\n    import seaborn\nexcept ImportError as error:\n    print(error)\nx = [1][5]\n", Cause.CODE, "", 5
    ),
    # Notebooks
    "nb_package": _notebook(
        ["x = 1", "import numpy\nimport seaborn"], ENV, "seaborn", 2, 2, mended={"requirements.txt": "seaborn\n"}
    ),
    "nb_order": _notebook(["print(total)", "total = 3"], Cause.NOTEBOOK_ORDER, "total", 1, 1),
    "nb_missing_file": _notebook(["x = 1\ny = 2\nopen('a.csv')"], Cause.MISSING_FILE, "a.csv", 1, 3),
    "nb_code": _notebook(["x = 1", "x / 0"], Cause.CODE, "", 2, 1),
    "nb_two": _notebook(["print 'a'"], Cause.PYTHON_2, "print", 1, 1),
    # R
    "r_package": _r("library(sf)\n", ENV, "sf", mended={"install.R": 'install.packages("sf")\n'}),
    "r_namespace": _r("x <- lme4::lmer(1)\n", ENV, "lme4", mended={"install.R": 'install.packages("lme4")\n'}),
    "r_missing_file": _r('x <- read.csv("data/values.csv")\n', Cause.MISSING_FILE, "data/values.csv"),
    "r_missing_source": _r('source("functions.R")\n', Cause.MISSING_FILE, "functions.R"),
    "r_missing_load": _r('load("all.RData")\n', Cause.MISSING_FILE, "all.RData"),
    "r_absolute": _r('x <- read.csv("/home/ada/values.csv")\n', Cause.ABSOLUTE_PATH, "/home/ada/values.csv"),
    "r_setwd": _r('setwd("C:/Users/ada/paper")\n', Cause.ABSOLUTE_PATH, "C:/Users/ada/paper"),
    "r_network": _r(
        'x <- read.csv("https://data.example.org/values.csv")\n',
        Cause.NEEDS_NETWORK,
        "https://data.example.org/values.csv",
    ),
    "r_download": _r(
        'download.file("https://data.example.org/a.csv", "a.csv")\n',
        Cause.NEEDS_NETWORK,
        "https://data.example.org/a.csv",
    ),
    "r_install": _r(
        'install.packages("sf", repos = "https://cran.example.org")\nlibrary(sf)\n',
        ENV,
        "sf",
        mended={"install.R": 'install.packages("sf")\n'},
    ),
    "r_memory": _r("x <- numeric(1e15)\n", Cause.OUT_OF_MEMORY),
    "r_function": _r("x <- fct_reorder(1)\n", ENV, "fct_reorder"),
    "r_not_exported": _r("dplyr::add_rownames_of(1)\n", Cause.REMOVED_FUNCTION, "add_rownames_of"),
    "r_argument": _r("mean_of <- function(x) x\nmean_of(1, weight = 2)\n", Cause.REMOVED_FUNCTION),
    "r_defunct": _r('f <- function() .Defunct("g")\nf()\n', Cause.REMOVED_FUNCTION, "f"),
    "r_display": _r("x11()\n", Cause.DISPLAY),
    "r_encoding": Case(
        "main.R", {"main.R": 'x <- readLines("names.txt")\ntoupper(x)\n', "names.txt": "caf\udce9\n"}, Cause.ENCODING
    ),
    "r_object": _r("x <- total + 1\n", Cause.CODE, "total"),
    "r_program": _r(
        'stopifnot(system("ffmpeg -version") == 0)\n', Cause.MISSING_PROGRAM, "ffmpeg", mended={"apt.txt": "ffmpeg\n"}
    ),
    "r_permission": _r('writeLines("a", "/usr/share/a.txt")\n', Cause.PERMISSION),
    "r_key": _r('stop("An API key is required; set it by Sys.setenv(MAPS_KEY = ...)")\n', Cause.LICENCE_KEY),
    "r_code": _r('stop("the sum is wrong")\n', Cause.CODE),
    "r_syntax": _r("x <- c(1, 2\ny <- 3\n", Cause.CODE),
    # R Markdown
    "rmd_package": _rmd("library(sf)", ENV, "sf", mended={"install.R": 'install.packages("sf")\n'}),
    "rmd_missing_file": _rmd('x <- read.csv("values.csv")', Cause.MISSING_FILE),
    "rmd_object": _rmd("total + 1", Cause.NOTEBOOK_ORDER, "total"),
    "rmd_network": _rmd(
        'x <- read.csv("https://data.example.org/a.csv")', Cause.NEEDS_NETWORK, "https://data.example.org/a.csv"
    ),
    "rmd_code": _rmd('stop("no")', Cause.CODE),
    "rmd_theme": Case(
        "paper.Rmd",
        {"paper.Rmd": "---\ntitle: A paper\noutput: bookdown::html_document2\n---\nText.\n"},
        ENV,
        "bookdown",
        mended={"install.R": 'install.packages("bookdown")\n'},
    ),
    "rmd_template": Case(
        "paper.Rmd",
        {"paper.Rmd": "---\ntitle: A paper\noutput:\n  pdf_document\n---\nText.\n"},
        Cause.MISSING_PROGRAM,
    ),
}
"""By name; the log of each is `logs/<name>.txt`."""
