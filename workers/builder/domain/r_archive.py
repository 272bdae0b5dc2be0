"""Which R packages the distributions have: a table, and what can be asked of it.

Made from the archives' own lists in November 2026 (`apt-cache pkgnames r-` in each suite). Suites that still change are
not in it: of those nothing is known beforehand.
"""

from __future__ import annotations

_LETTERS = {
    "f": "focal",
    "b": "bullseye",
    "j": "jammy",
    "w": "bookworm",
    "n": "noble",
    "t": "trixie",
    "q": "questing",
    "r": "resolute",
}

_TABLE = """
fbjwntqr: abind acepack actuar ade4 adegenet adegraphics adephylo aer afex alakazam amap amelia amore animation
  apcluster ape aplpack arm askpass assertthat backports base64enc base64url batchjobs batchtools bayesfactor bayesfm
  bayesm bayesplot bayestestr bbmisc bbmle bdgraph bdsmatrix beeswarm bh biasedurn bibtex bigmemory bigmemory.sri
  bindr bindrcpp bio3d bioc-affy bioc-affyio bioc-all bioc-altcdfenvs bioc-annotate bioc-annotationdbi
  bioc-annotationfilter bioc-annotationhub bioc-aroma.light bioc-biobase bioc-biocfilecache bioc-biocgenerics
  bioc-biocparallel bioc-biocversion bioc-biomart bioc-biomformat bioc-biostrings bioc-biovizbase bioc-bsgenome
  bioc-cner bioc-consensusclusterplus bioc-ctc bioc-cummerbund bioc-dada2 bioc-delayedarray bioc-deseq2
  bioc-dirichletmultinomial bioc-dnacopy bioc-ebseq bioc-ensembldb bioc-genefilter bioc-geneplotter bioc-genomeinfodb
  bioc-genomeinfodbdata bioc-genomicalignments bioc-genomicfeatures bioc-genomicranges bioc-geoquery bioc-go.db
  bioc-graph bioc-gviz bioc-hilbertvis bioc-hypergraph bioc-ihw bioc-impute bioc-interactivedisplaybase bioc-iranges
  bioc-keggrest bioc-limma bioc-lpsymphony bioc-makecdfenv bioc-mergeomics bioc-multiassayexperiment bioc-multtest
  bioc-org.hs.eg.db bioc-pcamethods bioc-phyloseq bioc-preprocesscore bioc-protgenerics bioc-qusage bioc-qvalue
  bioc-rbgl bioc-rhdf5 bioc-rhdf5lib bioc-rhtslib bioc-rsamtools bioc-rtracklayer bioc-s4vectors bioc-savr
  bioc-seqlogo bioc-shortread bioc-snpstats bioc-summarizedexperiment bioc-tfbstools bioc-tximport
  bioc-variantannotation bioc-xvector bioc-zlibbioc biocmanager bit bit64 bitops biwt blme blob blockmodeling bms
  bookdown boolnet boot bradleyterry2 brew brglm bridgesampling brms brobdingnag broom ca caic4 cairo calibrate callr
  car cardata caret catools cellranger checkmate chron circlize class classint cli cliapp clipr clisymbols
  clubsandwich clue cluster clustergeneration cmprsk coda codetools coin colorspace colourpicker combinat commonmark
  contfrac corpcor corrplot covr cowplot crayon crosstalk crul cubature curl cvst d3network data.table date dbi
  dbitest dbplyr ddalpha deal deldir deoptim deoptimr desc desolve devtools diagnosismed dichromat diffobj digest
  dimred diptest distory domc doparallel dorng dosefinding dosnow dotcall64 downloader dplyr dqrng drr dt dygraphs
  dynamictreecut dynlm e1071 eaf earth ecodist effects egg ei eipack ellipse ellipsis elliptic emmeans emoa energy epi
  epibasix epicalc epir epitools erm estimability etm evaluate evd expint expm extradistr factominer fail fansi farver
  fassets fastcluster fastica fastmap fastmatch fauxpas fbasics fbonds fcopulae fdrtool fextremes fgarch fields
  fimport fit.models fitbitscraper fitdistrplus flashclust flexmix fmultivar fnn fnonlinear fontbitstreamvera
  fontliberation fontquiver forcats foreach forecast foreign formatr formula fpc fportfolio fracdiff freetypeharfbuzz
  fregression fs ftrading funitroots furrr futile.logger futile.options future future.apply future.batchtools g.data
  gam gbrd gclus gdata gdtools gee geepack generics genetics geometry geosphere getopt ggally ggbeeswarm ggdendro
  ggeffects ggforce ggm ggplot2 ggraph ggrepel ggridges ggsci ggthemes ggvis gh git2r glasso glmmtmb glmnet
  globaloptions globals glue gmaps gmm gmodels gnm goftest googlevis gower gparotation gplots graphlayouts gregmisc
  gridbase gridextra gridgraphics gsa gsl gss gtable gtools guerry haplo.stats haven hexbin highr hmisc hms hsaur3
  htmltable htmltools htmlwidgets httpcode httpuv httr huge hwriter hypergeo ica igraph ini inline insight interp
  intervals inum ipred irace irdisplay irkernel irlba iso isocodes isoweek iterators itertools jomo jpeg jrc jsonld
  jsonlite kaos kedd kernlab kernsmooth kmi knitr ks kutils labeling lambda.r later lattice latticeextra lava lavaan
  lavasearch2 lazyeval leaps learnbayes leiden lexrankr lhs libcoin lifecycle linprog lisreltor listenv littler lme4
  lmertest lmtest logcondens logging logspline loo lpsolve lsei lsmeans lubridate luminescence lwgeom magic magick
  magrittr maldiquant maldiquantforeign manipulatewidgets mapdata mapproj maps maptree markdown mass matching matchit
  matlab matrix matrixcalc matrixmodels matrixstats maxlik mclust mcmc mcmcpack mda memoise mertools metap metrics
  mets mfilter mgcv mi mice mime minerva miniui minpack.lm minqa misc3d misctools mitml mitools mixtools mlbench
  mlmetrics mlmrev mlr mnormt mnp mockery modeldata modelmetrics modelr modeltools msm multcomp multcompview multicool
  multidimbio multilevel munsell mutoss mvnfast mvnormtest mvtnorm natserv ncdf4 ncdfgeom ncmeta nfactors nleqslv nlme
  nloptr nlp nmf nnet nnls nortest nozzle.r1 npsurv numderiv openmx openssl openxlsx optparse ordinal other-amsmercury
  other-chbutils other-curvefdp other-iwrlars other-mott-happy.hbrem other-nitpick other-wasabi other-x4r packrat pan
  parallelmap parameters paramhelpers parmigene party partykit pbapply pbdzmq pbivnorm pbkrtest pbmcapply pcapp pcict
  pdftools permute phangorn pheatmap phylobase phytools pillar pixmap pkgbuild pkgconfig pkgkitten pkgload pkgmaker
  pki plm plogr plotly plotmo plotrix pls plumber plyr png polspline polyclip polycor polycub popepi powerlaw prabclus
  pracma praise prediction prettycode prettyr prettyunits princurve proc processx prodlim profilemodel progress
  projpred promises propclust proto ps pscbs pscl psy psych psychometric psychotools psychotree psyphy purrr purrrlyr
  pvclust pwr pwt pwt8 pwt9 qap qgraph qpdf qqman qtl quadprog quantmod quantreg qvcalc r.cache r.methodss3 r.oo
  r.utils r6 randomforest randomglm ranger rann rappdirs raschsampler raster rcarb rcmdcheck rcmdr rcmdrmisc
  rcolorbrewer rcpp rcppannoy rcpparmadillo rcppeigen rcppgsl rcppparallel rcppprogress rcpproll rcurl rdbnomics
  rdflib rdpack readbrukerflexdata readmzxmldata readr readstata13 readxl recipes redland registry regsem relimp
  relsurv rematch remotes rentrez repr reprex reshape reshape2 reticulate rex rgenoud rgl rglpk rhandsontable rinside
  rio ritis rjags rjava rjson rlang rlist rlrsim rlumshiny rmarkdown rmpi rms rmysql rncl rneos rnetcdf rnexml
  rngtools robust robustbase robustrankaggreg rockchalk rocr rodbc rook rook-examples rotl roxygen2 rpart rpf
  rpostgresql rprojroot rprotobuf rquantlib rrcov rredlist rsample rsclient rsconnect rsdmx rserve rslurm rsolnp
  rspectra rsqlite rstan rstanarm rstantools rstudioapi rsvd rsymphony rtsne runit rversions rvest rwave rwiener samr
  sandwich satellite scales scatterd3 scatterplot3d sctransform segmented selectr sem semplot semtools sendmailr
  seqinr seriation seroincidence sessioninfo setrng seurat sf sfsmisc shape shazam shiny shinybs shinycssloaders
  shinydashboard shinyfiles shinyjs shinystan shinythemes sitmo sjlabelled sjmisc slam sm sn snakecase snow snowballc
  snowfall sodium solrium sourcetools sp spacetime spam sparsem spatial spatialreg spatstat spatstat.data
  spatstat.utils spc spdata spdep splines2 squarem stabledist stanheaders stars statmod stringdist stringi stringr
  strucchange survey survival svglite sys systemfit systemfonts taxize tcltk2 teachingdemos tensor testit testthat
  tfisher tfmpvalue tgp th.data threejs tibble tidygraph tidyr tidyselect tidyverse tiff tigger timedate timereg
  timeseries tinytest tinytex tkrplot tm tmb tmvtnorm treespace triebeard trimcluster truncdist truncnorm tseries tsne
  tsp ttr tufte tweenr ucminf udunits2 unitizer units urca urltools uroot usethis utf8 uuid uwot v8 vcd vcdextra vcr
  vctrs vdiffr vegan venndiagram vgam vioplot vipor viridis viridislite waveslim wavethresh wdi webgestaltr webmockr
  webshot webutils wgcna whisker wikidatar wikipedir wikitaxa withr wordcloud worrms xfun xml xml2 xopen xslt xtable
  xts yaml zeallot zip zoo
bjwntqr: airr argparse argparser arsenal av aweek bench bioc-beachmat bioc-bioccheck bioc-biocneighbors
  bioc-biocsingular bioc-biocstyle bioc-biocviews bioc-bladderbatch bioc-bluster bioc-chemminer bioc-complexheatmap
  bioc-delayedmatrixstats bioc-deseq bioc-destiny bioc-dexseq bioc-dropletutils bioc-dupradar bioc-edaseq bioc-edger
  bioc-experimenthub bioc-fmcsr bioc-genelendatabase bioc-genomicfiles bioc-glmgampoi bioc-gosemsim bioc-goseq
  bioc-grohmm bioc-hdf5array bioc-hsmmsinglecell bioc-htsfilter bioc-matrixgenerics bioc-metagenomeseq bioc-mofa
  bioc-monocle bioc-mutationalpatterns bioc-purecn bioc-pwmenrich bioc-rgsepd bioc-rhdf5filters bioc-rots
  bioc-rsubread bioc-rwikipathways bioc-scater bioc-scran bioc-scrnaseq bioc-scuttle bioc-singlecellexperiment
  bioc-singler bioc-sparsematrixstats bioc-sva bioc-tcgabiolinks bioc-tcgabiolinksgui.data bioc-titancna bioc-wrench
  brio broom.mixed cachem calibratr cba circular cmstatr coarsedatatools conditionz conquer covid19us cpp11
  credentials ctmcd cubelyr ddrtree decor densityclust dfoptim docopt downlit dslabs dtplyr ecosolver epiestim
  exactranktests ff fftw findpython fingerprint formattable gamm4 genie genieclust gert getoptlong ggalluvial
  gganimate ggplot.multistats ggpubr ggseqlogo ggsignif gitcreds gmp goplot gridsvg gridtext grimport2 hash hdf5r
  incidence isoband isospecr km.ci kmsurv knn.covertree ksamples laeken lbfgsb3c locfit lsd markovchain maxstat
  mediana metafor nanotime network optimalcutpoints optimx other-ascat other-rajewsky-dropbead pander parallelly
  patchwork pkgcond poissonbinomial polynom postlogic profmem proxy qlcmatrix r2d2 ragg rbibutils rcdk rcdklibs
  rcppcctz rcppdate rcpphnsw rematch2 rle robumeta rstatix rsvg rtdists s2 sass scattermore seuratobject slider
  smoother sna sparsesvd spatstat.geom spatstat.sparse statcheck statnet.common suppdists survminer survmisc swagger
  textshaping tmvnsim transformr upsetr vim waldo warp wk
jwntqr: benchmarkme benchmarkmedata bioc-affxparser bioc-arrayexpress bioc-ballgown bioc-basilisk.utils bioc-biocio
  bioc-dir.expiry bioc-drimseq bioc-eir bioc-fishpond bioc-ggbio bioc-gseabase bioc-gsva bioc-ioniser
  bioc-isoformswitchanalyzer bioc-metapod bioc-netsam bioc-noiseq bioc-oligo bioc-oligoclasses bioc-organismdbi
  bioc-progeny bioc-qtlizer bioc-rcpi bioc-residualmatrix bioc-scaledmatrix bioc-stringdb
  bioc-structuralvariantannotation bioc-tximeta bioc-tximportdata collapse cutpointr datawizard dbscan dirmult
  distributional emayili emdbook fancova filelock gargle gb2 genoplotr ggfortify ggtext googledrive googlesheets4
  gprofiler2 gsubfn gunifrac here hunspell ids janeaustenr jquerylib kernelheaping keyring kohonen labdsv lamw lobstr
  logger maotai mathjaxr mclustcomp mixsqp modeest mpoly orthopolynom other-kcha-psiplot palmerpenguins pammtools
  partitions pec pingr plot3d posterior progressr prophet publish r.devices r.rsp ratelimitr rcppdist rcpptoml rcsdp
  restfulr rgooglemaps riskregression rlinsolve rmpfr rmutil rnaturalearthdata rose sampling sets shades shapes
  simplermarkdown smcfcs sparr spatstat.linnet spatstat.random spelling sqldf stable stablelearner startupmsg statip
  susier svmisc svunit tensora terra thematic themis tidytext tokenizers tzdb uniqtag vroom webfakes whoami
  wikidataqueryservicer
wntqr: admisc bioc-basilisk bioc-biocbaseutils bioc-bsseq bioc-decoupler bioc-dss bioc-megadepth brglm2 bslib clock
  cmdfun cvar cyclocomp dendsort distr enrichwith estimatr flextable fontawesome gbutils ggrastr hardhat httr2 jinjar
  leidenbase lintr m2r metadat officer optimparallel pkgdown poorman prevalence profvis qqconf r2html rcppml
  rcppspdlog sftime skimr spatstat.explore spatstat.model spdl timechange urlchecker xmlparsedata
tqr: bioc-alabaster.base bioc-alabaster.matrix bioc-alabaster.ranges bioc-alabaster.sce bioc-alabaster.schemas
  bioc-alabaster.se bioc-assorthead bioc-golubesets bioc-gsvadata bioc-gypsum bioc-hgu95a.db bioc-pwalign bioc-rcwl
  bioc-spatialexperiment bioc-txdbmaker bioc-ucsc.utils cftime deriv dharma diagrammer doby fadist gap gap.datasets
  httptest2 influencer microbenchmark multitaper qgam reformulas rmariadb rnaturalearth s7 spacefillr sparsevctrs
  spatstat.univar visnetwork
ntqr: areal bioc-decontam bioc-densvis bioc-pfamanalyzer bioc-s4arrays bioc-saturn bioc-sparsearray broom.helpers chk
  conflicted diagram dials dicedesign exactextractr fastdummies gfonts ggstats intergraph kableextra labelled latte
  locfdr marginaleffects mclogit memisc nanoarrow oaqc quickjsr renv rhpcblasctl writexl yulab.utils
fbjwn: assertive.sets conting eco genabel genabel.data maptools metamix randomfields randomfieldsutils rniftilib
  zeligchoice zeligei zeligverse
fbjwnqr: dendextend effectsize filehash fitcoach gbm heatmaply mockr performance psychtools rpact sjplot sjstats
  tikzdevice
fbjwntq: assertive.base bold discriminer ffield fts gwidgets gwidgetstcltk medadherence rglwidget sdmtools spp tcr
  whatif
fb: cairodevice gwidgetsrgtk2 hdf5 int64 its multicore omegahat-xmlrpc rggobi rgtk2 rsgcc rsprng
r: arrow bioc-biocmake calculus fftwtools mixturefitting opencv rhub
fbj: bioc-bitseq fasianoptions fexoticoptions foptions gprofiler
jwntq: geoknife rcppmlpack rtweet sparql unbalanced
bjwnqr: bioc-degreport bioc-demixt bios2cor factoextra
bjw: bioc-nanostringqcpro parsetools testextra
fbjw: lasso2 rgdal treescape
qr: bioc-mofa2 cards rtf
jwnqr: bioc-degnorm gstat
bj: purrrogress
bjwn: cgdsr
bjwntq: wkutils
bwt: surveillance
f: isospec
fbjwnq: zelig
jw: spatstat.core
nqr: patrick
wn: rgeos
wntq: other-disgenet2r
"""
"""The letters of the suites, then the packages that exactly these have; without `r-`, and without `cran-`."""


def _read(table: str) -> dict[str, str]:
    suites: dict[str, str] = {}
    letters = ""
    for word in table.split():
        if word.endswith(":"):
            letters = word[:-1]
            continue
        suites[f"r-{word}" if word.startswith(_ORIGINS) else f"r-cran-{word}"] = letters
    return suites


_ORIGINS = ("bioc-", "other-", "omegahat-")
_SUITES_OF = _read(_TABLE)


def archive_name(r_name: str, suite: str) -> str | None:
    """Return the distribution's package of an R package in a suite, None when it has none or nothing is known."""
    letter = _letter(suite)
    for origin in ("cran", "bioc"):
        name = f"r-{origin}-{r_name.lower()}"
        if letter and letter in _SUITES_OF.get(name, ""):
            return name
    return None


def is_listed(suite: str) -> bool:
    """Return whether it is known what this suite has."""
    return bool(_letter(suite))


def suites_with(package: str) -> list[str]:
    """Return the suites that have a package (`r-cran-sf`), oldest first; empty when none of the table has it."""
    return [_LETTERS[letter] for letter in _SUITES_OF.get(package, "")]


def _letter(suite: str) -> str:
    return next((letter for letter, name in _LETTERS.items() if name == suite), "")
