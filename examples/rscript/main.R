# Rainfall by month in two years: draws the only figure of the note into display.png.
rain <- read.csv("data/rainfall.csv")
levels <- t(as.matrix(rain[, c("rain_2018_mm", "rain_2019_mm")]))

png("display.png", width = 600, height = 400)
barplot(levels, beside = TRUE, names.arg = rain$month, las = 2, ylab = "Rainfall (mm)",
        col = c("steelblue", "grey70"), main = "The dry year and the year after")
legend("topleft", legend = c("2018", "2019"), fill = c("steelblue", "grey70"), bty = "n")
invisible(dev.off())

cat(sprintf("2018: %.0f mm, 2019: %.0f mm\n", sum(rain$rain_2018_mm), sum(rain$rain_2019_mm)))
