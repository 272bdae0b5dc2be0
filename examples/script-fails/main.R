# Mean depth of a lake from soundings. The file with the soundings was never added to the workspace, so this stops.
soundings <- read.csv("data/soundings.csv")

png("display.png", width = 480, height = 320)
hist(soundings$depth_m, main = "Depth of the lake", xlab = "Depth (m)")
invisible(dev.off())
