"""What Python and its packages say when they fail."""

from __future__ import annotations

from erc.schemas.diagnosis import Cause
from erc.workers.diagnosis.rule import Mend, rule

_INSIDE = "A run has no network. Put what it fetches into the workspace, and read it from there."
_TWO = "Write it for Python 3; the tool 2to3 does most of it."
_OLD_MODULES = (
    "urllib2|urlparse|ConfigParser|Queue|cPickle|StringIO|cStringIO|Tkinter|tkMessageBox|HTMLParser|httplib|"
    "commands|sets|__builtin__|Cookie|SocketServer|anydbm|copy_reg|dummy_thread|itertools\\.izip"
)

RULES = (
    rule(
        Cause.PYTHON_2,
        rf"(?:ModuleNotFoundError|ImportError): No module named '?({_OLD_MODULES})'?",
        "The module {0} is one of Python 2.",
        _TWO,
    ),
    rule(
        Cause.PYTHON_2,
        r"SyntaxError: Missing parentheses in call to '(print|exec)'",
        "The code is written for Python 2: {0} is a statement there.",
        _TWO,
    ),
    rule(
        Cause.PYTHON_2,
        r"NameError: name '(xrange|unicode|raw_input|basestring|unichr|reduce|long|execfile|reload|cmp)' is not",
        "{0} is a name of Python 2.",
        _TWO,
    ),
    rule(
        Cause.PYTHON_2,
        r"AttributeError: 'dict' object has no attribute '(iteritems|itervalues|iterkeys|has_key)'",
        "{0} is a method of Python 2.",
        _TWO,
    ),
    rule(
        Cause.PYTHON_2,
        r"SyntaxError: (?:leading zeros in decimal integer|multiple exception types must be parenthesized)|"
        r"TabError: inconsistent use",
        "The code is written for Python 2.",
        _TWO,
        subject=0,
    ),
    rule(
        Cause.MISSING_PACKAGE,
        r"(?:ModuleNotFoundError|ImportError): No module named '?([A-Za-z0-9_.]{1,100})'?",
        "The Python package {0} is not in the environment.",
        "Add it to requirements.txt.",
        mend=Mend.PYTHON,
    ),
    rule(
        Cause.MISSING_PACKAGE,
        r"Missing optional dependency '([A-Za-z0-9_.-]{1,100})'",
        "The Python package {0} is needed and is not in the environment.",
        "Add it to requirements.txt.",
        mend=Mend.PYTHON,
    ),
    rule(
        Cause.MISSING_PACKAGE,
        r"(?:ImportError|ValueError|RuntimeError): .{0,120}?(?:requires|install|needs) (?:the )?"
        r"['\"`]?([A-Za-z][A-Za-z0-9_-]{1,60})['\"`]? (?:package|library|to be installed|module)",
        "The Python package {0} is needed and is not in the environment.",
        "Add it to requirements.txt.",
        mend=Mend.PYTHON,
    ),
    rule(
        Cause.PACKAGE_VERSION,
        r"(?:pkg_resources\.|importlib\.metadata\.)?(?:DistributionNotFound|PackageNotFoundError|VersionConflict|"
        r"ContextualVersionConflict):? \(?(.{1,160})",
        "A package is there in another version, or not at all: {0}",
        "Name the version that you used in requirements.txt as name==version.",
    ),
    rule(
        Cause.PACKAGE_VERSION,
        r"numpy\.(?:dtype|ufunc) size changed|A module that was compiled using NumPy 1\.x cannot be run|"
        r"numpy\.core\.multiarray failed to import",
        "NumPy has another version than the one that a package was made for.",
        "Name both with their versions in requirements.txt, NumPy below 2 (numpy<2).",
        subject=0,
    ),
    rule(
        Cause.SYSTEM_LIBRARY,
        r"(?:ImportError|OSError): (lib[A-Za-z0-9_+.-]{1,80}\.so[0-9.]*): cannot open shared object file",
        "The system library {0} is not in the environment.",
        "Name the Debian package that holds it in apt.txt.",
        mend=Mend.SYSTEM,
    ),
    rule(
        Cause.SYSTEM_LIBRARY,
        r"OSError: cannot load library '([^']{1,100})'|OSError: Could not find lib ([A-Za-z0-9_.-]{1,80})|"
        r"version `(GLIBC(?:XX)?_[0-9.]+)' not found",
        "The system library {0} is not in the environment.",
        "Name the Debian package that holds it in apt.txt.",
        mend=Mend.SYSTEM,
    ),
    rule(
        Cause.REMOVED_FUNCTION,
        r"ImportError: cannot import name '([A-Za-z0-9_]+)' from '([A-Za-z0-9_.]+)'",
        "{0} is not in the version of {1} that is there.",
        "Use its successor, or name the version that you used in requirements.txt as name==version.",
    ),
    rule(
        Cause.REMOVED_FUNCTION,
        r"AttributeError: (?:partially initialized )?module '([A-Za-z0-9_.]+)' has no attribute '([A-Za-z0-9_]+)'",
        "{1} is not in the version of {0} that is there.",
        "Use its successor, or name the version that you used in requirements.txt as name==version.",
    ),
    rule(
        Cause.REMOVED_FUNCTION,
        r"AttributeError: '([A-Za-z0-9_.]+)' object has no attribute '([A-Za-z0-9_]+)'",
        "{0} has no {1} in the version that is there.",
        "Use its successor, or name the version that you used in requirements.txt as name==version.",
    ),
    rule(
        Cause.REMOVED_FUNCTION,
        r"TypeError: ([A-Za-z0-9_.]{1,100})\(\) got an unexpected keyword argument '([A-Za-z0-9_]+)'",
        "{0}() does not know the argument {1}.",
        "The package may have another version than the one you used: name it in requirements.txt as name==version.",
    ),
    rule(
        Cause.LANGUAGE_VERSION,
        r"(?:requires|needs|for|with) Python ?>?=? ?\(?>?=? ?(3\.[0-9]+)|[Pp]ython version (3\.[0-9]+) (?:or|is)",
        "The code asks for Python {0}.",
        "Say so in runtime.txt (python-3.x), so that a suite with that version is taken.",
    ),
    rule(
        Cause.LANGUAGE_VERSION,
        r"^\s*(?:SyntaxError: (?:invalid syntax|invalid non-printable|f-string|unterminated|expected|unmatched).*)$",
        "The code cannot be parsed by this version of Python.",
        "If it is written for another Python, say so in runtime.txt (python-3.x); else correct the line.",
        subject=0,
    ),
    rule(
        Cause.NEEDS_NETWORK,
        r"HTTPS?Connection(?:Pool)?\(host='([^']{1,200})'",
        "The script asks {0}.",
        _INSIDE,
    ),
    rule(
        Cause.NEEDS_NETWORK,
        r"Cannot connect to host ([A-Za-z0-9.-]{1,200})|Failed to resolve '([^']{1,200})'",
        "The script asks {0}.",
        _INSIDE,
    ),
    rule(
        Cause.NEEDS_NETWORK,
        r"URLError: <urlopen error|socket\.gaierror|ConnectError: \[Errno|Temporary failure in name resolution|"
        r"Network is unreachable|Max retries exceeded|OSError: We couldn't connect to '([^']{1,200})'",
        "The script asks the network.",
        _INSIDE,
        subject=0,
    ),
    rule(
        Cause.MISSING_FILE,
        r"(?:FileNotFoundError|IOError|OSError): (?:\[Errno 2\] (?:No such file or directory|"
        r"Unable to \w+ file.{0,40}?): ?"
        r"|)b?'([^']{1,400})'(?: not found| does not exist)?",
        "The file {0} is not there.",
        "Add it to the workspace, or correct the path; paths are relative to the folder of the main file.",
    ),
    rule(
        Cause.MISSING_FILE,
        r"(?:FileNotFoundError|OSError|LookupError|IOError): ([^\s:'\"]{1,300}\.[A-Za-z0-9]{1,8}) "
        r"(?:not found|does not exist)",
        "The file {0} is not there.",
        "Add it to the workspace, or correct the path; paths are relative to the folder of the main file.",
    ),
    rule(
        Cause.OUT_OF_MEMORY,
        r"MemoryError(?:: Unable to allocate ([0-9.]+ [KMGT]iB))?|std::bad_alloc|"
        r"DefaultCPUAllocator: (?:not enough memory|can't allocate)",
        "The script ran out of memory.",
        "Read or keep less data at once.",
        subject=0,
    ),
    rule(
        Cause.DISPLAY,
        r"TclError: no display name|could not connect to display|qt\.qpa\.plugin|"
        r"Unable to (?:access the X Display|open display)|cannot connect to X server|"
        r"Failed to connect to (?:the )?display|NoSuchDisplayException",
        "The script opens a window, and a run has no display.",
        "Write figures to files; with matplotlib, matplotlib.use('Agg') before pyplot is imported.",
        subject=0,
    ),
    rule(
        Cause.ENCODING,
        r"Unicode(?:De|En)codeError: '([a-z0-9_-]+)' codec",
        "A text is not in the encoding {0} in which it is read.",
        "Name its encoding where it is opened (encoding=…), or save the file as UTF-8.",
    ),
    rule(
        Cause.ENCODING,
        r"locale\.Error: unsupported locale setting|SyntaxError: (?:Non-UTF-8|\(unicode error\)|encoding problem)",
        "The locale or the encoding of the code is not the one of the environment.",
        "Save code as UTF-8, and do not ask for a locale: a run has C.UTF-8.",
        subject=0,
    ),
    rule(
        Cause.LICENCE_KEY,
        r"KeyError: '([A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|LICEN[CS]E)[A-Z0-9_]*)'",
        "The script asks for the secret {0}, which no run has.",
        "Put what it fetches with it into the workspace, and let the analysis begin there.",
    ),
    rule(
        Cause.ACCELERATOR,
        r"Torch not compiled with CUDA|Found no NVIDIA driver|CUDA(?: driver)? (?:error|initialization|is not "
        r"available)|no CUDA-capable device|libcuda\.so",
        "The script asks for a graphics processor, and a run has none.",
        "Let it fall back on the CPU.",
        subject=0,
    ),
    rule(
        Cause.NOTEBOOK_ORDER,
        r"NameError: name '([A-Za-z_][A-Za-z0-9_]*)' is not defined",
        "{0} is used where it does not exist yet.",
        "Define it before this place; it may have been left over in the session in which the code was written.",
    ),
)
"""In the order of trying, for one line."""
