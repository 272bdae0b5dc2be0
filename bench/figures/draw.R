# Draws figures with base R and ggplot2, in a container of a suite: Rscript draw.R jobs.R, which defines `jobs`.
suppressMessages(library(ggplot2))
source(commandArgs(trailingOnly = TRUE)[1])
hues <- c("#1b6ca8", "#d1495b", "#66a182", "#edae49")
matrix_of <- function(rows) do.call(rbind, rows)

base <- list(
  scatter = function(d, t) plot(d$x, d$y, main = t$title, xlab = t$x, ylab = t$y),
  cloud = function(d, t) plot(d$x, d$y, pch = 16, cex = 0.6, col = "#00000080", main = t$title, xlab = t$x, ylab = t$y),
  regression = function(d, t) {
    plot(d$x, d$y, pch = 19, main = t$title, xlab = t$x, ylab = t$y)
    abline(lm(y ~ x, data.frame(x = d$x, y = d$y)), col = "red")
    legend("topleft", t$note, bty = "n")
  },
  groups = function(d, t) {
    plot(d$x, d$y, pch = 15 + d$g, col = hues[d$g + 1], main = t$title, xlab = t$x, ylab = t$y)
    legend("topleft", t$names[1:3], pch = 15:17, col = hues[1:3])
  },
  line = function(d, t) plot(d$x, d$rows[[1]], type = "b", main = t$title, xlab = t$x, ylab = t$y),
  lines = function(d, t) {
    rows <- d$rows
    plot(range(d$x), range(unlist(rows)), type = "n", main = t$title, xlab = t$x, ylab = t$y)
    shown <- setdiff(seq_along(rows), if (is.null(d$hidden)) 0 else d$hidden + 1)
    for (i in shown) lines(d$x, rows[[i]], col = hues[i], lwd = 2, lty = i)
    legend("topleft", t$names[shown], col = hues[shown], lty = shown, lwd = 2)
  },
  density = function(d, t) {
    plot(range(d$x), c(0, max(unlist(d$rows))), type = "n", main = t$title, xlab = t$x, ylab = t$y)
    shown <- setdiff(seq_along(d$rows), if (is.null(d$hidden)) 0 else d$hidden + 1)
    for (i in shown) polygon(c(d$x, rev(d$x)), c(d$rows[[i]], 0 * d$x), col = paste0(hues[i], "80"), border = hues[i])
    legend("topright", t$names[shown], fill = paste0(hues[shown], "80"))
  },
  step = function(d, t) plot(d$x, d$rows[[1]], type = "s", main = t$title, xlab = t$x, ylab = t$y),
  area = function(d, t) {
    plot(d$x, d$rows[[1]], type = "l", ylim = c(0, max(d$rows[[1]])), main = t$title, xlab = t$x, ylab = t$y)
    polygon(c(d$x[1], d$x, max(d$x)), c(0, d$rows[[1]], 0), col = "grey70")
  },
  dots = function(d, t) dotchart(d$rows[[1]][1:6], labels = t$names[1:6], main = t$title, xlab = t$x),
  bars = function(d, t) barplot(d$rows[[1]], names.arg = t$names[seq_along(d$rows[[1]])], main = t$title, xlab = t$x, ylab = t$y),
  labelled = function(d, t) {
    v <- d$rows[[1]]
    at <- barplot(v, names.arg = t$names[seq_along(v)], ylim = c(0, 1.1 * max(v)), main = t$title, xlab = t$x, ylab = t$y)
    text(at, v, sprintf("%.1f", v), pos = 3)
  },
  errors = function(d, t) {
    v <- d$rows[[1]]; e <- d$errors; at <- seq_along(v)
    plot(at, v, ylim = range(c(v - e, v + e)), xaxt = "n", pch = 19, main = t$title, xlab = t$x, ylab = t$y)
    axis(1, at, t$names[at]); arrows(at, v - e, at, v + e, angle = 90, code = 3, length = 0.05)
  },
  pie = function(d, t) pie(d$rows[[1]], labels = t$names[seq_along(d$rows[[1]])], main = t$title),
  grouped = function(d, t) barplot(matrix_of(d$rows), beside = TRUE, col = hues[1:3], legend.text = t$names[1:3],
    names.arg = seq_along(d$rows[[1]]), main = t$title, xlab = t$x, ylab = t$y),
  stacked = function(d, t) barplot(matrix_of(d$rows), legend.text = t$names[1:3],
    names.arg = seq_along(d$rows[[1]]), main = t$title, xlab = t$x, ylab = t$y),
  hist = function(d, t) {
    n <- length(d$counts); breaks <- d$low + d$width * 0:n
    h <- structure(list(breaks = breaks, counts = d$counts, density = d$counts / sum(d$counts) / d$width,
      mids = breaks[-1] - d$width / 2, xname = "x", equidist = TRUE), class = "histogram")
    plot(h, col = if (getRversion() >= "4.0") "lightgray" else NULL, main = t$title, xlab = t$x, ylab = t$y)
  },
  box = function(d, t) boxplot(setNames(d$rows, t$names[1:4]), main = t$title, xlab = t$x, ylab = t$y),
  heat = function(d, t) image(t(matrix_of(d$rows)), col = hcl.colors(24), main = t$title, xlab = t$x, ylab = t$y),
  surface = function(d, t) persp(matrix_of(d$rows), theta = 40, phi = 30, col = "lightblue", shade = 0.4, main = t$title,
    xlab = t$x, ylab = t$y, zlab = "z", ticktype = "detailed"),
  panels = function(d, t) {
    par(mfrow = c(2, 2))
    for (i in 0:3) plot(d$x[d$g == i], d$y[d$g == i], main = t$names[i + 1], xlab = t$x, ylab = t$y)
  }
)

frame_of <- function(d, t) {
  rows <- d$rows; n <- length(rows[[1]])
  out <- data.frame(x = rep(seq_len(n), length(rows)), y = unlist(rows), g = rep(t$names[seq_along(rows)], each = n))
  out$g <- factor(out$g, levels = t$names)
  if (!is.null(d$hidden)) out <- out[out$g != t$names[d$hidden + 1], ]
  out$g <- droplevels(out$g)
  out
}
points_of <- function(d, t) data.frame(x = d$x, y = d$y, g = factor(t$names[d$g + 1], levels = t$names[seq_len(max(d$g) + 1)]))
categories <- function(f, t) { f$x <- factor(t$names[f$x], levels = t$names); f }
gg <- list(
  scatter = function(d, t) ggplot(points_of(d, t), aes(x, y)) + geom_point(),
  cloud = function(d, t) ggplot(points_of(d, t), aes(x, y)) + geom_point(alpha = 0.5, size = 1),
  regression = function(d, t) ggplot(points_of(d, t), aes(x, y)) + geom_point() +
    geom_smooth(method = "lm", formula = y ~ x) + annotate("text", x = min(d$x), y = max(d$y), label = t$note, hjust = 0),
  groups = function(d, t) ggplot(points_of(d, t), aes(x, y, colour = g)) + geom_point(size = 2),
  panels = function(d, t) ggplot(points_of(d, t), aes(x, y)) + geom_point() + facet_wrap(~g),
  line = function(d, t) ggplot(frame_of(d, t), aes(x, y)) + geom_line() + geom_point(),
  lines = function(d, t) ggplot(frame_of(d, t), aes(x, y, colour = g)) + geom_line(),
  density = function(d, t) ggplot(frame_of(d, t), aes(x, y, fill = g)) + geom_area(position = "identity", alpha = 0.4),
  step = function(d, t) ggplot(frame_of(d, t), aes(x, y)) + geom_step(),
  area = function(d, t) ggplot(frame_of(d, t), aes(x, y)) + geom_area(fill = "steelblue"),
  dots = function(d, t) ggplot(categories(frame_of(list(rows = list(d$rows[[1]][1:6])), t), t), aes(y, x)) +
    geom_segment(aes(x = 0, xend = y, y = x, yend = x)) + geom_point(size = 3),
  bars = function(d, t) ggplot(categories(frame_of(d, t), t), aes(x, y)) + geom_col(),
  labelled = function(d, t) ggplot(categories(frame_of(d, t), t), aes(x, y)) + geom_col(fill = "grey60") +
    geom_text(aes(label = sprintf("%.1f", y)), vjust = -0.4),
  errors = function(d, t) { f <- categories(frame_of(d, t), t); f$e <- d$errors
    ggplot(f, aes(x, y)) + geom_errorbar(aes(ymin = y - e, ymax = y + e), width = 0.2) + geom_point(size = 2) },
  pie = function(d, t) ggplot(categories(frame_of(d, t), t), aes("", y, fill = x)) + geom_col(width = 1) + coord_polar("y"),
  grouped = function(d, t) ggplot(frame_of(d, t), aes(factor(x), y, fill = g)) + geom_col(position = "dodge"),
  stacked = function(d, t) ggplot(frame_of(d, t), aes(factor(x), y, fill = g)) + geom_col(),
  hist = function(d, t) { n <- length(d$counts)
    f <- data.frame(x = d$low + d$width * (seq_len(n) - 0.5), y = d$counts)
    ggplot(f, aes(x, y)) + geom_col(width = d$width, colour = "white") },
  box = function(d, t) ggplot(frame_of(d, t), aes(g, y)) + geom_boxplot(),
  heat = function(d, t) { m <- matrix_of(d$rows)
    f <- data.frame(x = c(col(m)), y = c(row(m)), z = c(m))
    ggplot(f, aes(x, y, fill = z)) + geom_tile() },
  surface = function(d, t) { m <- matrix_of(d$rows)
    f <- data.frame(x = c(col(m)), y = c(row(m)), z = c(m))
    ggplot(f, aes(x, y, z = z)) + geom_contour() }
)

draw <- function(job) {
  s <- job$style; t <- job$texts
  value <- function(name, other) if (is.null(s[[name]])) other else s[[name]]
  smooth <- if (value("smooth", TRUE)) "default" else "none"
  dpi <- value("dpi", 96)
  png(job$out, width = round(value("width", 7) * dpi), height = round(value("height", 5) * dpi), res = dpi, type = "cairo",
    antialias = smooth, pointsize = value("points", 12), bg = if (value("clear", FALSE)) "transparent" else "white")
  on.exit(dev.off())
  family <- value("font", "sans")
  if (job$toolkit == "base") {
    par(family = family)
    if (value("tight", FALSE)) par(mar = c(4, 4, 3, 1))
    base[[job$kind]](job$data, t)
    return(invisible())
  }
  plot <- gg[[job$kind]](job$data, t) + labs(title = t$title, x = t$x, y = t$y)
  theme <- if (value("theme", FALSE)) theme_bw else theme_grey
  plot <- plot + theme(base_family = family, base_size = value("points", 12) - 1)
  if (value("clear", FALSE)) plot <- plot + theme_plot_clear()
  if (value("tight", FALSE)) plot <- plot + ggplot2::theme(plot.margin = unit(c(1, 1, 1, 1), "pt"))
  suppressWarnings(suppressMessages(print(plot)))
}
theme_plot_clear <- function() ggplot2::theme(plot.background = element_rect(fill = "transparent", colour = NA))
for (job in jobs) tryCatch(draw(job), error = function(e) message(job$out, " ", job$kind, " ", conditionMessage(e)))
