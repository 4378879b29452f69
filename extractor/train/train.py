#!/usr/bin/python3
"""train.py - makes extractor/model_data.c from a data folder.

usage: train.py [--program build/tidings] [--folds DIR] DATA_FOLDER OUT.c

Blocks: boosted trees over the features the program dumps. Truth by alignment where a body is known (wcxb-dev articles,
news-intl, news-vi, and Vietnamese pages made by synthetic.py); where only snippets or another program's answer are known
(trafilatura-eval, readability-weak), the blocks a first model is sure of, at half weight. Pages: boosted trees over the rows
of whole pages, seen with block models that had not seen them.

--folds DIR also writes DIR/fold0.model … fold4.model, each trained without the registrable domains of its fold, for
evaluate.py. Twice gives the same bytes: one thread, fixed seeds, sorted input.
"""
import argparse, hashlib, os, sys
os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np
import sklearn
import pages as P
import synthetic
import trees as T

FOLDS = 5
TREES, LEAVES = 200, 16
PAGE_MODELS, PAGE_TREES, PAGE_LEAVES = 8, 80, 6
SYNTHETIC_PAGES = 320
NEWS = {"news-intl", "news-vi", "synthetic", "trafilatura-eval"}


def settle(page, y, w):
    """Weights of a page add up to 100; blocks of menus and footers that are nothing but links are thinned, one in four stays."""
    links, nav, footer = page.rows[:, 2], page.rows[:, P_NAV], page.rows[:, P_FOOTER]
    trivial = (links > 0.9) & ((nav > 0) | (footer > 0)) & (y == 0)
    index = np.arange(len(y))
    w = np.where(trivial, np.where(index % 4 == 0, 4 * w, 0), w)
    if w.sum() > 0:
        w = w * (100 / w.sum())
    return w


P_NAV = P_FOOTER = 0  # columns, set from the program's names


def rows_of(pages):
    """Stacks pages that have labels into one matrix; the last column, the mode, says whose convention the truth follows."""
    xs, ys, ws = [], [], []
    for p in pages:
        use = p.w > 0
        x = p.rows[use].copy()
        x[:, -1] = 1.0 if p.dataset in NEWS else 0.0
        xs.append(x)
        ys.append(p.y[use])
        ws.append(p.w[use] * p.weight)
    return np.vstack(xs), np.concatenate(ys), np.concatenate(ws)


def label_truth(pages):
    out = []
    for p in pages:
        if len(p.texts) == 0:
            continue
        p.y, p.w, found = P.label(p)
        if found < 0.6:
            continue
        if p.dataset == "news-intl":  # the truths' own tool drops lists, quotes and tables: unselected ones inside say nothing
            where = np.flatnonzero(p.y)
            inside = np.zeros(len(p.y), bool)
            if len(where):
                inside[where[0]:where[-1] + 1] = True
            p.w[inside & (p.y == 0) & (p.rows[:, P_LIST].sum(axis=1) > 0)] = 0
        p.w = settle(p, p.y, p.w)
        p.weight = {"news-vi": 3.0, "news-intl": 1.5, "synthetic": 0.5}.get(p.dataset, 1.0)
        out.append(p)
    return out


def label_weak(pages, model):
    out = []
    for p in pages:
        if len(p.texts) == 0:
            continue
        x = p.rows.copy()
        x[:, -1] = 1.0 if p.dataset in NEWS else 0.0
        probability = T.probability(model, x)
        if p.dataset == "trafilatura-eval":
            p.y, p.w = P.label_by_snippets(p, probability)
        else:
            p.y, p.w, found = P.label(p)
            if found < 0.6:
                continue
            p.w = np.where((probability > 0.5) == (p.y > 0), p.w, 0)
        p.w = settle(p, p.y, p.w)
        p.weight = 0.5
        out.append(p)
    return out


def thin(x, y, w, model):
    """Blocks that a first model is sure are none of the article: one in three stays, for all of them."""
    easy = (T.probability(model, x) < 0.005) & (y == 0)
    stays = ~easy | (np.arange(len(y)) % 3 == 0)
    w = np.where(easy, 3 * w, w)
    return x[stays], y[stays], w[stays]


def train_blocks(true, weak, log):
    x, y, w = rows_of(true)
    log("first model: %d blocks of %d pages" % (len(y), len(true)))
    first = T.fit_all(x, y, w, 60, LEAVES, 40)
    weak = label_weak(weak, first)
    x, y, w = thin(*rows_of(true + weak), first)
    log("model: %d blocks of %d pages" % (len(y), len(true) + len(weak)))
    return T.fit_all(x, y, w, TREES, LEAVES, 40)


def train_pages(rows, articles, weights):
    return T.fit_bag(np.vstack(rows), np.array(articles, np.int8), np.array(weights), PAGE_MODELS, PAGE_TREES, PAGE_LEAVES, 15, 0.9, 0.3)


def folder_hash(folder, names):
    h = hashlib.sha256()
    for n in names:
        with open(os.path.join(folder, n, "truth.jsonl"), "rb") as f:
            h.update(f.read())
    return h.hexdigest()


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--program", default="build/tidings")
    a.add_argument("--folds", help="also write models for evaluate.py here")
    a.add_argument("data")
    a.add_argument("out")
    o = a.parse_args()
    log = lambda s: print(s, file=sys.stderr, flush=True)

    global P_NAV, P_FOOTER, P_LIST
    names = feature_names(o.program)
    P_NAV, P_FOOTER = names.index("around.0"), names.index("around.1")
    P_LIST = [names.index("owner.5"), names.index("owner.7"), names.index("owner.8")] + [
        names.index("around.%d" % i) for i in (8, 10, 11)]

    suffixes = P.Suffixes()
    load = lambda name, keep=lambda t: True: P.load(o.program, o.data, name, suffixes, keep)
    wcxb = load("wcxb-dev")
    real = wcxb + load("news-intl") + load("news-vi")
    weak = load("trafilatura-eval") + load("readability-weak")
    scratch = o.folds or os.path.dirname(os.path.abspath(o.out))
    synthetic.make(os.path.join(scratch, "synthetic"), SYNTHETIC_PAGES, "train")
    made = P.load(o.program, scratch, "synthetic", suffixes)
    log("pages read: %d with truth, %d weak, %d made" % (len(real), len(weak), len(made)))
    true = label_truth([p for p in real if p.truth["page_type"] == "article"]) + label_truth([p for p in made if p.truth["page_type"] == "article"])
    fold = {id(p): P.fold_of(p.domain, FOLDS) for p in real + weak + made}

    # Block models without a fold, and what they make of the pages of that fold.
    dummy = T.Trees(T.fit_bag(np.vstack([p.row for p in real]), np.array([p.truth["page_type"] == "article" for p in real], np.int8),
                              np.ones(len(real)), 1, 1, 2, 15, 1, 1), len(real[0].row))
    page_rows, blocks = {}, {}
    for k in range(FOLDS):
        out_of = lambda ps: [p for p in ps if fold.get(id(p), -1) != k]
        blocks[k] = T.Trees(train_blocks(out_of(true), out_of(weak), log), true[0].rows.shape[1])
        path = os.path.join(scratch, "fold%d.model" % k)
        T.write_text(path, blocks[k], dummy)
        inside = [p for p in real + made if fold[id(p)] == k]
        base = lambda p: os.path.join(scratch if p.dataset == "synthetic" else o.data, p.dataset, p.truth["html"])
        for p, (_, (_, row)) in zip(inside, P.ask(o.program, [(base(p), p.truth.get("url")) for p in inside], path)):
            page_rows[id(p)] = row
        log("fold %d done" % k)

    def pages_without(k):
        ps = [p for p in real + made if fold[id(p)] != k]
        weights = [0.12 if p.dataset == "synthetic" else 1.0 for p in ps]
        m = train_pages([page_rows[id(p)] for p in ps], [p.truth["page_type"] == "article" for p in ps], weights)
        return T.Trees(m, len(ps[0].row))
    for k in range(FOLDS):
        path = os.path.join(scratch, "fold%d.model" % k)
        if o.folds:
            T.write_text(path, blocks[k], pages_without(k))
        else:
            os.unlink(path)
    final_blocks = T.Trees(train_blocks(true, weak, log), true[0].rows.shape[1])
    final_pages = pages_without(-1)
    provenance = [
        "Data: %s; sha256 of their truths %s" % ("wcxb-dev, news-intl, news-vi, trafilatura-eval, readability-weak",
                                               folder_hash(o.data, ["wcxb-dev", "news-intl", "news-vi", "trafilatura-eval", "readability-weak"])),
        "and %d Vietnamese pages made by extractor/train/synthetic.py. scikit-learn %s, numpy %s." % (len(made), sklearn.__version__, np.__version__),
        "Blocks: %d trees of %d leaves over %d features; pages: %d times %d trees of %d leaves over %d." % (
            TREES, LEAVES, final_blocks.width, PAGE_MODELS, PAGE_TREES, PAGE_LEAVES, final_pages.width),
    ]
    T.write_c(o.out, final_blocks, final_pages, provenance)
    if o.folds:
        T.write_text(os.path.join(o.folds, "all.model"), final_blocks, final_pages)


def feature_names(program):
    import subprocess
    return subprocess.run([program, "extract", "--feature-names"], stdout=subprocess.PIPE, check=True).stdout.decode().split()


if __name__ == "__main__":
    main()
