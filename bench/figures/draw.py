"""Draws figures with matplotlib, in a container of a suite: `python3 draw.py jobs.json`. Old Pythons read this too."""

import json
import sys
import traceback

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from mpl_toolkits.mplot3d import Axes3D  # noqa: F401 - old versions need it

COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728"]


def colour(at):
    return matplotlib.rcParams["axes.prop_cycle"].by_key()["color"][at]


def scatter(ax, data, texts):
    ax.scatter(data["x"], data["y"])


def cloud(ax, data, texts):
    ax.scatter(data["x"], data["y"], alpha=0.5, s=14)


def regression(ax, data, texts):
    ax.scatter(data["x"], data["y"], color=colour(0))
    slope, level = np.polyfit(data["x"], data["y"], 1)
    ends = np.array([min(data["x"]), max(data["x"])])
    ax.plot(ends, slope * ends + level, color=colour(1))
    ax.text(0.05, 0.92, texts["note"], transform=ax.transAxes)


def groups(ax, data, texts):
    g = np.array(data["g"])
    for at in range(3):
        ax.scatter(np.array(data["x"])[g == at], np.array(data["y"])[g == at], label=texts["names"][at])
    ax.legend()


def line(ax, data, texts):
    ax.plot(data["x"], data["rows"][0], marker="o")


def lines(ax, data, texts):
    for at, row in enumerate(data["rows"]):
        if at != data.get("hidden"):
            ax.plot(data["x"], row, color=colour(at), label=texts["names"][at])
    ax.legend(loc="upper left")


def density(ax, data, texts):
    for at, row in enumerate(data["rows"]):
        if at != data.get("hidden"):
            ax.fill_between(data["x"], 0, row, alpha=0.4, color=colour(at), label=texts["names"][at])
            ax.plot(data["x"], row, color=colour(at))
    ax.legend()


def step(ax, data, texts):
    ax.step(data["x"], data["rows"][0])


def area(ax, data, texts):
    ax.fill_between(data["x"], 0, data["rows"][0])


def dots(ax, data, texts):
    places = range(len(data["rows"][0]))
    ax.hlines(places, 0, data["rows"][0])
    ax.plot(data["rows"][0], places, "o")
    ax.set_yticks(list(places)[:6])
    ax.set_yticklabels(texts["names"][: len(list(places))])


def named(ax, count, texts):
    ax.set_xticks(range(count))
    ax.set_xticklabels(texts["names"][:count])


def bars(ax, data, texts):
    row = data["rows"][0]
    ax.bar(range(len(row)), row)
    named(ax, len(row), texts)


def labelled(ax, data, texts):
    bars(ax, data, texts)
    for at, value in enumerate(data["rows"][0]):
        ax.text(at, value, "%.1f" % value, ha="center", va="bottom")


def errors(ax, data, texts):
    row = data["rows"][0]
    ax.errorbar(range(len(row)), row, yerr=data["errors"], fmt="o", capsize=4)
    named(ax, len(row), texts)


def grouped(ax, data, texts):
    for at, row in enumerate(data["rows"]):
        ax.bar(np.arange(len(row)) + 0.27 * (at - 1), row, width=0.27, label=texts["names"][at])
    ax.legend()


def stacked(ax, data, texts):
    below = np.zeros(len(data["rows"][0]))
    for at, row in enumerate(data["rows"]):
        ax.bar(range(len(row)), row, bottom=below, label=texts["names"][at])
        below = below + np.array(row)
    ax.legend(loc="upper right")


def hist(ax, data, texts):
    edges = data["low"] + data["width"] * np.arange(len(data["counts"]))
    ax.bar(edges, data["counts"], width=data["width"], align="edge", edgecolor="black")


def box(ax, data, texts):
    ax.boxplot(data["rows"])
    ax.set_xticks([1, 2, 3, 4])
    ax.set_xticklabels(texts["names"][:4])


def heat(ax, data, texts):
    shown = ax.imshow(data["rows"], aspect="auto")
    ax.figure.colorbar(shown, ax=ax)


def surface(ax, data, texts):
    rows = np.array(data["rows"])
    figure = ax.figure
    ax.remove()
    ax = figure.add_subplot(111, projection="3d")
    x, y = np.meshgrid(range(rows.shape[1]), range(rows.shape[0]))
    ax.plot_surface(x, y, rows, cmap="viridis")
    ax.set_title(texts["title"])


def pie(ax, data, texts):
    row = data["rows"][0]
    ax.pie(row, labels=texts["names"][: len(row)])


def panels(axes, data, texts):
    g = np.array(data["g"])
    for at, ax in enumerate(axes.flat):
        ax.scatter(np.array(data["x"])[g == at], np.array(data["y"])[g == at])
        ax.set_title(texts["names"][at])


def styled(style, toolkit):
    plt.close("all")
    matplotlib.rcdefaults()
    if toolkit == "seaborn":
        import seaborn

        getattr(seaborn, "set_theme", seaborn.set)()
        if style.get("theme"):
            seaborn.set_style("whitegrid")
    elif style.get("theme"):
        matplotlib.rcParams["axes.grid"] = True
    matplotlib.rcParams["font.family"] = style.get("font", "DejaVu Sans")
    matplotlib.rcParams["font.size"] = style.get("points", 10)
    smooth = style.get("smooth", True)
    for name in ("lines", "patch", "text"):
        matplotlib.rcParams[name + ".antialiased"] = smooth


def draw(job):
    style = job["style"]
    styled(style, job["toolkit"])
    size = [style.get("width", 6.4), style.get("height", 4.8)]
    if job["kind"] == "panels":
        figure, axes = plt.subplots(2, 2, figsize=size)
        panels(axes, job["data"], job["texts"])
        figure.suptitle(job["texts"]["title"])
    else:
        figure, ax = plt.subplots(figsize=size)
        globals()[job["kind"]](ax, job["data"], job["texts"])
        if job["kind"] != "surface":
            ax.set_title(job["texts"]["title"])
        if job["kind"] not in ("pie", "surface"):
            ax.set_xlabel(job["texts"]["x"])
            ax.set_ylabel(job["texts"]["y"])
    if style.get("tight"):
        figure.tight_layout()
    clear = {"transparent": True} if style.get("clear") else {}
    figure.savefig(job["out"], dpi=style.get("dpi", 100), **clear)


for one in json.load(open(sys.argv[1])):
    try:
        draw(one)
    except Exception:
        traceback.print_exc()
