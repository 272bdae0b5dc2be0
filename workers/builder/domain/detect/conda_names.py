"""What conda calls otherwise than PyPI or the distribution, and what of it needs no package here."""

from __future__ import annotations


def _pairs(table: str) -> dict[str, str]:
    return {name: other for name, _, other in (pair.partition("=") for pair in table.split())}


PYPI = _pairs("""
attr=attrs cartopy_offlinedata=cartopy dask-core=dask gdal-python=gdal importlib_metadata=importlib-metadata
ipython_genutils=ipython-genutils jupyter_client=jupyter-client jupyter_core=jupyter-core
jupyterlab_server=jupyterlab-server lightgbm-cpu=lightgbm matplotlib-base=matplotlib msgpack-python=msgpack
numpy-base=numpy opencv=opencv-python-headless prompt_toolkit=prompt-toolkit pure_eval=pure-eval
py-opencv=opencv-python-headless py-xgboost=xgboost pyqt=pyqt5 pytables=tables python-graphviz=graphviz
python-levenshtein=levenshtein pytorch=torch pytorch-cpu=torch ruamel_yaml=ruamel.yaml
scikit-learn-intelex=scikit-learn seaborn-base=seaborn snakemake-minimal=snakemake stack_data=stack-data
tensorflow-cpu=tensorflow tensorflow-gpu=tensorflow typing_extensions=typing-extensions tzdata-python=tzdata
umap=umap-learn zeromq-python=pyzmq
""")
"""conda's name of a Python package and PyPI's, where they differ."""

DEBIAN = _pairs("""
bcftools=bcftools bedtools=bedtools blast=ncbi-blast+ bowtie2=bowtie2 bwa=bwa c-compiler=gcc cdo=cdo cmake=cmake
coin-or-cbc=coinor-cbc coincbc=coinor-cbc compilers=build-essential curl=curl cxx-compiler=g++
eccodes=libeccodes-tools fasttree=fasttree ffmpeg=ffmpeg fftw=libfftw3-dev fortran-compiler=gfortran gcc=gcc
gdal=gdal-bin geos=libgeos-dev gfortran=gfortran ghostscript=ghostscript git=git glpk=glpk-utils gnuplot=gnuplot-nox
graphviz=graphviz gsl=libgsl-dev gxx=g++ hdf5=hdf5-tools hmmer=hmmer imagemagick=imagemagick inkscape=inkscape
ipopt=coinor-libipopt-dev jq=jq libgdal=gdal-bin libnetcdf=netcdf-bin librsvg=librsvg2-bin mafft=mafft make=make
mpich=mpich muscle=muscle nco=nco netcdf4-c=netcdf-bin nodejs=nodejs octave=octave openjdk=default-jre-headless
openmpi=openmpi-bin pandoc=pandoc parallel=parallel perl=perl pkg-config=pkg-config poppler=poppler-utils
proj=proj-bin samtools=samtools sqlite=sqlite3 tar=tar tesseract=tesseract-ocr texlive-core=texlive-latex-recommended
unzip=unzip wget=wget
""")
"""conda's name of a program or library and the distribution's."""

_NEEDLESS_NAMES = """
_r-mutex alsa-lib anaconda binutils blas brotli brotli-bin bzip2 c-ares ca-certificates cairo certifi conda dbus expat
font-ttf-dejavu-sans-mono fontconfig fonts-conda-forge freetype gettext giflib glib gmp harfbuzz icu intel-openmp jpeg
kernel-headers_linux-64 keyutils krb5 lapack lcms2 ld_impl_linux-64 lerc libpng libtiff llvm-openmp lz4-c mamba mkl
mkl-service mkl_fft mkl_random mpc mpfr ncurses nomkl nspr nss openblas openjpeg openssl pcre pcre2 pip pixman
python_abi qt qt-base qt-main r-essentials r-recommended readline setuptools snappy sysroot_linux-64 tbb tk tzdata
wheel xz yaml zeromq zlib zstd
"""
NEEDLESS = frozenset(_NEEDLESS_NAMES.split())
"""What comes with the base, with wheels or with R, or is conda's own."""

GRAPHICS = frozenset(
    {"cudatoolkit", "cudatoolkit-dev", "cudnn", "cuda", "cuda-toolkit", "pytorch-cuda", "nccl", "cuda-nvcc"}
)
"""What a graphics processor needs, which a run has not: left out, and said."""

REFUSED = {
    "cupy": "there is no graphics processor in a run",
    "julia": "Julia is not run by this service",
    "matlab": "MATLAB is not run by this service",
    "bioconductor-base": "name the packages one by one",
    "pypy": "the service runs CPython",
    "pypy3.9": "the service runs CPython",
    "r-irkernel": "notebooks run with Python only; turn an R notebook into R Markdown",
    "fenics": "it is neither on PyPI nor complete in the distribution",
    "fenics-dolfinx": "it is neither on PyPI nor complete in the distribution",
    "esmpy": "it is not on PyPI; Debian has python3-esmpy",
    "esmf": "it is not in the distribution under this name",
    "graph-tool": "it is not on PyPI",
    "root": "it is neither on PyPI nor in the distribution",
    "pyngl": "it is not on PyPI",
    "ncl": "it is not in the distribution any more",
}
"""What can be had neither from PyPI nor from the distribution, with the reason."""


def is_needless(name: str) -> bool:
    """Return whether a package of conda needs none here: a library below wheels, or conda's own."""
    below = name.startswith(("lib", "_", "xorg-", "font-", "gcc_", "gxx_", "gst-")) and name not in DEBIAN
    return name in NEEDLESS or (below and name not in {"libsvm", "librosa", "libpysal", "libtmux", "liblinear"})
