"""Boosted trees: fitting (scikit-learn's histogram gradient boosting) and writing them down for the program."""
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier


def fit(x, y, w, trees, leaves, min_leaf=40):
    m = HistGradientBoostingClassifier(max_iter=trees, max_leaf_nodes=leaves, learning_rate=0.12, l2_regularization=2.0,
                                       min_samples_leaf=min_leaf, max_bins=96, early_stopping=False, random_state=1)
    m.fit(x, y, sample_weight=w)
    return m


def fit_bag(x, y, w, models, trees, leaves, min_leaf, rows, columns):
    """Several models, each of a part of the rows and of the columns: steadier than one where pages are few."""
    out = []
    for b in range(models):
        r = np.random.RandomState(b)
        use = np.sort(r.permutation(len(y))[:int(rows * len(y))])
        width = np.sort(r.permutation(x.shape[1])[:int(columns * x.shape[1])])
        out.append((fit(x[np.ix_(use, width)], y[use], w[use], trees, leaves, min_leaf), width))
    return out


def fit_all(x, y, w, trees, leaves, min_leaf):
    return [(fit(x, y, w, trees, leaves, min_leaf), np.arange(x.shape[1]))]


def probability(bag, x):
    odds = sum(m.decision_function(x[:, width]) for m, width in bag) / len(bag)
    return 1 / (1 + np.exp(-odds))


def down(threshold):
    """The largest float32 not above threshold, so that no value changes sides."""
    t = np.float32(threshold)
    return np.nextafter(t, np.float32(-np.inf)) if float(t) > threshold else t


class Trees:
    """The trees of one model, or of several whose log odds are averaged."""

    def __init__(self, bag, width):
        share = 1.0 / len(bag)
        self.width, self.base = width, float(np.float32(share * sum(m._baseline_prediction.ravel()[0] for m, _ in bag)))
        self.roots, self.nodes = [], []
        for columns, nodes in [(columns, stage[0].nodes) for m, columns in bag for stage in m._predictors]:
            self.roots.append(len(self.nodes))
            for n in nodes:
                if n["is_leaf"]:
                    self.nodes.append((float(np.float32(share * n["value"])), -1, 0, 0))
                else:
                    self.nodes.append((float(down(n["num_threshold"])), int(columns[n["feature_idx"]]), int(n["left"]), int(n["right"])))

    def text(self, name):
        out = ["%s %d %d %d %.9g" % (name, self.width, len(self.roots), len(self.nodes), self.base)]
        out += ["%d" % r for r in self.roots]
        out += ["%.9g %d %d %d" % n for n in self.nodes]
        return "\n".join(out) + "\n"

    def c(self, name):
        def number(v):
            s = "%.9g" % v
            return s if "." in s or "e" in s else s + ".0"
        lines, line = [], "   "
        for v, f, l, r in self.nodes:
            item = " {%sf,%d,%d,%d}," % (number(v), f, l, r)
            if len(line) + len(item) > 128:
                lines.append(line)
                line = "   "
            line += item
        lines.append(line)
        roots, line = [], "   "
        for r in self.roots:
            item = " %d," % r
            if len(line) + len(item) > 128:
                roots.append(line)
                line = "   "
            line += item
        roots.append(line)
        return "static const struct model_node %s_nodes[] = {\n%s\n};\nstatic const uint32_t %s_roots[] = {\n%s\n};\n" % (
            name, "\n".join(lines), name, "\n".join(roots))

    def entry(self, name):
        return "    .%s = { %s_nodes, %s_roots, %d, %d, %d, %.9gf }," % (name, name, name, len(self.roots), len(self.nodes),
                                                                     self.width, self.base)


def write_text(path, blocks, pages):
    with open(path, "w") as f:
        f.write("tidings-model 1\n" + blocks.text("blocks") + pages.text("pages"))


def write_c(path, blocks, pages, provenance):
    with open(path, "w", encoding="utf-8") as f:
        f.write("/* model_data.c - made by extractor/train/train.py; change that, not this.\n *\n")
        for line in provenance:
            f.write(" * %s\n" % line)
        f.write(" */\n#include \"extractor/model.h\"\n\n")
        f.write(blocks.c("blocks") + "\n" + pages.c("pages") + "\n")
        f.write("const struct models models_shipped = {\n%s\n%s\n};\n" % (blocks.entry("blocks"), pages.entry("pages")))
